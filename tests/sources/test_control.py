"""A file whose records or columns do not add up to what its source says is refused whole; nothing of it was loaded."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources.ingest import ingest

pytestmark = pytest.mark.integration
NIGHT = date(2026, 11, 20)
TENS = ({"discount": "10.25"}, {"discount": " 4.75 "}, {"discount": ""}, {"discount": "-5"})


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS, files={"control": "{business_date}/control.json"})
    return factory


def send(shop: SourceFactory, rows: tuple[dict[str, str], ...], said: object) -> None:
    shop.drop(NIGHT, "orders.csv", orders_csv(*rows))
    shop.drop(NIGHT, "control.json", json.dumps({"files": {"orders.csv": {"rows": len(rows), "sums": said}}}))


def loaded(connection: psycopg.Connection) -> tuple[int, int]:
    """Rows in raw and in quarantine."""
    row = connection.execute("select (select count(*) from raw.orders), (select count(*) from quarantine.rows)")
    found = row.fetchone()
    assert found is not None
    return found[0], found[1]


@pytest.mark.parametrize("said", [10, 10.0, "10.00", "1e1"])
def test_a_file_is_loaded_when_its_columns_add_up(
    shop: SourceFactory, connection: psycopg.Connection, said: object
) -> None:
    send(shop, TENS, {"discount": said})
    result = ingest(shop.settings, "orders", NIGHT)
    assert (result.seen, sum(loaded(connection))) == (4, 4)


def test_a_file_is_refused_when_a_column_adds_up_to_something_else(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    send(shop, TENS, {"discount": "10.01"})
    with pytest.raises(
        TransientError, match=r"partial: its control file says discount adds up to 10\.01 and it .* 10\."
    ):
        ingest(shop.settings, "orders", NIGHT)
    assert loaded(connection) == (0, 0)
    send(shop, TENS, {"discount": "10"})
    assert ingest(shop.settings, "orders", NIGHT).seen == 4


def test_a_file_is_refused_when_it_has_other_than_the_rows_that_were_promised(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(NIGHT, "orders.csv", orders_csv({}) + "of one field\n")
    shop.drop(NIGHT, "control.json", json.dumps({"files": {"orders.csv": {"rows": 3}}}))
    with pytest.raises(TransientError, match="says 3 rows and it has 2"):
        ingest(shop.settings, "orders", NIGHT)
    assert loaded(connection) == (0, 0)
    shop.drop(NIGHT, "control.json", json.dumps({"files": {"orders.csv": {"rows": 2}}}))
    ingest(shop.settings, "orders", NIGHT)
    assert loaded(connection) == (1, 1)


def test_a_sum_of_a_column_that_the_feed_does_not_read_is_a_mistake(shop: SourceFactory) -> None:
    send(shop, TENS, {"turnover": "10"})
    with pytest.raises(UserError, match=r"orders\.csv: its control file has a sum of turnover"):
        ingest(shop.settings, "orders", NIGHT)


@pytest.mark.parametrize("bad", ["ten", "1 000", "5\x00"])
def test_the_other_rows_load_when_a_number_of_the_sum_cannot_be_read(
    shop: SourceFactory, connection: psycopg.Connection, bad: str
) -> None:
    send(shop, (*TENS[:2], {"discount": bad}), {"discount": "1015"})
    ingest(shop.settings, "orders", NIGHT)
    assert loaded(connection) == (2, 1)


COMMAS: list[tuple[dict[str, Any], str, str]] = [
    ({"decimal": ","}, '"1.204,50"', "1204.5"),
    ({"divide": 100}, "120450", "120450"),
]


@pytest.mark.parametrize(("reading", "sent", "said"), COMMAS)
def test_sums_are_in_the_source_s_own_units_and_read_as_its_column_is(
    shop: SourceFactory, connection: psycopg.Connection, reading: dict[str, Any], sent: str, said: str
) -> None:
    columns = {name: {"from": name} for name in ORDERS}
    columns["discount"] |= reading
    shop.feed("orders", columns, files={"control": "{business_date}/control.json"})
    send(shop, ({"discount": sent},), {"discount": said})
    ingest(shop.settings, "orders", NIGHT)
    assert connection.execute("select discount from raw.orders").fetchall()[0][0] * 2 == 2409
