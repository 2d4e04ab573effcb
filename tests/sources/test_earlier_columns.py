"""A questionnaire whose columns change from year to year: two mappings of one contract, each of the files of its time."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.feeds import SourceFactory
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.erasure import erase
from huitou.sources.feeds import load_source_set
from huitou.sources.ingest import ingest
from huitou.sources.quarantine import Selection, release

pytestmark = pytest.mark.integration
OLD, NEW = date(2025, 12, 31), date(2026, 1, 1)
SAME = {name: {"from": name} for name in ("response_id", "answered_at")}
NOW = SAME | {
    "customer_id": {"from": "customer_id"},
    "metric": {"from": "kind"},
    "dimension": {"from": "about"},
    "score": {"from": "points"},
}
THEN = SAME | {
    "customer_id": {"from": "会员号"},
    "metric": {"const": "csat"},
    "dimension": {"from": "问题", "values": {"网站": "site", "服务": "service"}},
    "score": {"from": "分数"},
}
OLD_FILE = "response_id,会员号,answered_at,问题,分数,版本\n"
NEW_FILE = "response_id,customer_id,answered_at,kind,about,points\n"
ANSWERS = "select response_id, metric, dimension, score from raw.survey_responses order by 1"


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    made = SourceFactory(tmp_path / "shop", warehouse)
    mapped(made, THEN)
    made.drop(OLD, "survey_responses.csv", f"{OLD_FILE}r1,c1,2025-12-31 10:00:00,网站,4,七\n")
    made.drop(NEW, "survey_responses.csv", f"{NEW_FILE}r2,c1,2026-01-01 10:00:00,csat,site,5\n")
    return made


def mapped(shop: SourceFactory, then: dict[str, object], until: date = OLD) -> None:
    shop.feed("survey_responses", NOW, earlier=[{"until": until, "columns": then, "ignore": ["版本"]}])


def test_files_of_both_years_are_answers_of_one_contract(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="huitou"):
        result = ingest(shop.settings, "survey_responses", NEW)
    assert (result.files, result.loaded, result.quarantined, result.new_columns) == (2, 2, 0, [])
    assert connection.execute(ANSWERS).fetchall() == [("r1", "csat", "site", 4), ("r2", "csat", "site", 5)]
    assert caplog.messages == [], "neither file has drifted from its own columns"


def test_a_late_file_of_the_old_year_is_read_as_it_came_and_neither_is_read_twice(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    ingest(shop.settings, "survey_responses", NEW)
    before = connection.execute("select file_id from landing.files order by 1").fetchall()
    late = OLD.replace(day=30)
    shop.drop(late, "survey_responses.csv", f"{OLD_FILE}r0,c2,2025-12-30 10:00:00,服务,3,七\n")
    result = ingest(shop.settings, "survey_responses", NEW)
    assert (result.files, result.loaded) == (3, 3)
    assert connection.execute(ANSWERS).fetchall()[0] == ("r0", "csat", "service", 3)
    assert connection.execute("select file_id from landing.files order by 1").fetchall()[:2] == before


def test_a_row_is_judged_again_by_the_columns_of_its_time(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(OLD, "survey_responses.csv", f"{OLD_FILE}r1,c1,2025-12-31 10:00:00,物流,4,七\n")
    shop.drop(NEW, "survey_responses.csv", f"{NEW_FILE}r2,c1,2026-01-01 10:00:00,csat,site,6\n")
    assert ingest(shop.settings, "survey_responses", NEW).quarantined == 2
    actions = "select count(*) from quarantine.actions"
    ingest(shop.settings, "survey_responses", NEW)
    assert connection.execute(actions).fetchone() == (0,), "nothing reads otherwise than before"
    outcomes = release(shop.settings, Selection(feed="survey_responses", everything=True), "tester")
    assert {(o.outcome, tuple(o.reasons)) for o in outcomes} == {
        ("still open", ("not_allowed:dimension",)),
        ("still open", ("off_scale:score",)),
    }
    words = {"values": {"网站": "site", "服务": "service", "物流": "delivery"}}
    mapped(shop, THEN | {"dimension": {"from": "问题", **words}})
    ingest(shop.settings, "survey_responses", NEW)
    assert connection.execute(ANSWERS).fetchall() == [("r1", "csat", "delivery", 4)]
    states = "select state from quarantine.rows order by quarantine_id"
    assert connection.execute(states).fetchall() == [("released",), ("open",)]


def test_a_person_is_erased_from_a_bad_row_by_the_columns_of_its_time(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    rows = "r1,c1,2025-12-31 10:00:00,网站,4,七\nr3,c1,2025-12-31 10:00:00,网站,6,七\nr4,c2,2025-12-31 10:00:00,网站,6,七\n"
    shop.drop(OLD, "survey_responses.csv", OLD_FILE + rows)
    ingest(shop.settings, "survey_responses", NEW)
    assert erase(shop.settings, "c1", NEW).quarantined == 1
    left = connection.execute("select row ->> '会员号', state from quarantine.rows order by line").fetchall()
    assert left == [(None, "dismissed"), ("c2", "open")]


@pytest.mark.parametrize(
    ("earlier", "says"),
    [
        ([{"until": OLD, "columns": THEN}, {"until": OLD, "columns": NOW}], "two entries are until 2025-12-31"),
        ([{"until": OLD, "columns": SAME}], "earlier.0.columns: the contract requires customer_id, metric"),
        ([{"until": OLD, "columns": THEN | {"scores": {"from": "分数"}}}], "earlier.0.columns.scores: not in the"),
        ([{"until": "last year", "columns": THEN}], "earlier.0.until"),
        ([{"columns": THEN}], "earlier.0.until"),
    ],
    ids=["twice", "what is required", "no column of the contract", "no date", "no end"],
)
def test_earlier_columns_are_refused_with_their_place(
    shop: SourceFactory, earlier: list[dict[str, object]], says: str
) -> None:
    shop.feed("survey_responses", NOW, earlier=earlier)
    with pytest.raises(UserError) as refused:
        load_source_set(shop.settings)
    assert says in str(refused.value)
    assert "survey_responses.yml" in str(refused.value)
