"""Answers to surveys as they come: twice, in contradiction, off the scale, left blank by a code."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.feeds import SourceFactory
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.contract import contracts
from huitou.sources.ingest import ingest
from huitou.sources.scales import Scales, ScaleSeed, read_scales

pytestmark = pytest.mark.integration
NIGHT = date(2026, 3, 10)
COLUMNS = ("response_id", "customer_id", "metric", "dimension", "score", "answered_at")


def answers(*rows: tuple[str, str, object]) -> str:
    """A file of (response, question, score)."""
    lines = [f"{response},c1,csat,{question},{score},2026-03-10 12:00:00" for response, question, score in rows]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


@pytest.mark.parametrize(
    ("rows", "loaded", "duplicate", "reasons"),
    [
        ([("r", "site", 4), ("r", "site", 4)], 1, 1, []),
        ([("r", "site", 4), ("r", "site", 1)], 1, 0, ["conflict:response_id+metric+dimension"]),
        ([("r", "site", 4), ("r", "service", 1), ("q", "site", 1)], 3, 0, []),
        ([("r", "site", 99), ("r", "service", 98), ("r", "transaction", 5)], 3, 0, []),
        ([("r", "site", 101), ("r", "service", -1)], 0, 0, ["out_of_range:score"] * 2),
        ([("r", "site", 8), ("r", "service", 0), ("r", "product", 97)], 0, 0, ["off_scale:score"] * 3),
        ([("r", "transaction", 6), ("r", "transaction", 999)], 0, 0, ["off_scale:score"] * 2),
        ([("r", "site", "8 of 10")], 0, 0, ["not_an_integer:score"]),
        ([("r", "site", "")], 0, 0, ["missing:score"]),
    ],
    ids=[
        "the same twice",
        "another to one request",
        "other questions",
        "codes",
        "off any scale",
        "off its question's scale",
        "no code of the question",
        "no number",
        "no code",
    ],
)
def test_each_answer_is_loaded_or_has_a_reason(
    warehouse: Settings,
    connection: psycopg.Connection,
    tmp_path: Path,
    rows: list[tuple[str, str, object]],
    loaded: int,
    duplicate: int,
    reasons: list[str],
) -> None:
    shop = SourceFactory(tmp_path / "shop", warehouse)
    shop.feed("survey_responses", COLUMNS)
    shop.drop(NIGHT, "survey_responses.csv", answers(*rows))
    result = ingest(shop.settings, "survey_responses", NIGHT)
    assert (result.loaded, result.duplicate) == (loaded, duplicate)
    found = connection.execute("select unnest(reasons) from quarantine.rows order by file_id, line").fetchall()
    assert [reason for (reason,) in found] == reasons


SEED = "form,metric,dimension,score_min,score_max,blank_code,not_applicable_code\n"
MADE = (*COLUMNS, "form")


def test_each_form_has_scales_of_its_own_when_one_question_was_asked_on_several(
    warehouse: Settings, connection: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "questions.csv").write_text(SEED + ",csat,site,1,5,99,98\n2024,csat,site,1,100,,\n")
    contract = contracts()["survey_responses"]
    scales = Scales(column="score", seeds=(ScaleSeed(seed="questions", by=("form", "metric", "dimension")),))
    own = contract.model_copy(update={"scale_rows": read_scales(scales, tmp_path)})
    monkeypatch.setitem(contracts(), "survey_responses", own)
    shop = SourceFactory(tmp_path / "shop", warehouse)
    shop.feed("survey_responses", MADE)
    # No scale of this seed is of that question.
    other = "c,c1,csat,service,80,2026-03-10 12:00:00,2025"
    said = [("a", 80, "2024"), ("b", 0, "2024"), ("c", 80, "2025"), ("d", 99, "2025"), ("e", 99, ""), ("f", 5, "")]
    lines = [f"{r},c1,csat,site,{score},2026-03-10 12:00:00,{form}" for r, score, form in said]
    shop.drop(NIGHT, "survey_responses.csv", "\n".join([",".join(MADE), *lines, other, ""]))
    ingest(shop.settings, "survey_responses", NIGHT)
    loaded = connection.execute("select response_id, dimension from raw.survey_responses order by 1, 2").fetchall()
    assert loaded == [("a", "site"), ("c", "service"), ("d", "site"), ("e", "site"), ("f", "site")]
    bad = connection.execute("select row ->> 'response_id', reasons from quarantine.rows order by 1").fetchall()
    assert bad == [("b", ["off_scale:score"]), ("c", ["off_scale:score"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("metric,dimension,score_min,score_max\n", "line 1: has no column form"),
        (SEED + ",csat,site,1,five,,\n", "line 2, column score_max: 'five' is not a whole number"),
        (SEED + ",csat,site,1,5,,\n,nps,site,,5,,\n", "line 3, column score_min: is empty"),
    ],
    ids=["a column is missing", "no number", "half a scale"],
)
def test_a_seed_that_is_not_right_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "questions.csv").write_text(text)
    scales = Scales(column="score", seeds=(ScaleSeed(seed="questions", by=("form", "metric", "dimension")),))
    with pytest.raises(UserError, match=re.escape(f"{tmp_path / 'questions.csv'}: {message}")):
        read_scales(scales, tmp_path)
