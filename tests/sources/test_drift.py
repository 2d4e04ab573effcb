"""Schema drift: what a column that came, went, was renamed or changed its type does to a feed, whoever sends it."""

from __future__ import annotations

import io
import json
import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factories.books import assert_books_agree
from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.ingest import IngestResult, ingest

pytestmark = pytest.mark.integration
D1 = date(2026, 11, 19)
DAYS = [D1 + timedelta(days=n) for n in range(5)]
FORMATS = ("csv", "parquet", "jsonl")
OPTIONAL, REQUIRED, VERSION = "discount", "status", "updated_at"
Rows = list[dict[str, Any]]


@pytest.fixture(params=FORMATS)
def shop(request: pytest.FixtureRequest, warehouse: Settings, tmp_path: Path) -> SourceFactory:
    """A source that sends orders in one format, good ones up to the day before the drift."""
    factory = SourceFactory(tmp_path / "shop", warehouse)
    name = {"files": {"path": f"{{business_date}}/orders.{request.param}", "format": request.param}}
    factory.feed("orders", ORDERS, **name)
    send(factory, DAYS[0], orders(DAYS[0]))
    assert ingest(factory.settings, "orders", DAYS[0]).loaded == 3
    return factory


def orders(day: date, *changes: dict[str, Any]) -> Rows:
    """Three good orders of a day, each with the changes of its place."""
    good = {"customer_id": "u", "status": "paid", "currency": "CNY", "discount": "2.50"}
    at = f"{day} 10:00:00"
    rows = [good | {"order_id": f"{day}-{n}", "ordered_at": at, "updated_at": at} for n in range(3)]
    for row, change in zip(rows, changes, strict=False):
        row |= change
    return rows


def send(shop: SourceFactory, day: date, rows: Rows, columns: tuple[str, ...] = ORDERS) -> None:
    """Write the rows as the feed of ``shop`` reads them; only ``columns``, in that order."""
    kind = next(n for n in FORMATS if f"orders.{n}" in (shop.folder / "orders.yml").read_text(encoding="utf-8"))
    table = [{name: row.get(name) for name in columns} for row in rows]
    if kind == "jsonl":
        content: str | bytes = "".join(json.dumps(row) + "\n" for row in table)
    elif kind == "parquet":
        buffer = io.BytesIO()
        pq.write_table(pa.table({name: pa.array([row[name] for row in table]) for name in columns}), buffer)
        content = buffer.getvalue()
    else:
        lines = [",".join("" if row[name] is None else str(row[name]) for name in columns) for row in table]
        content = "\n".join([",".join(columns), *lines]) + "\n"
    shop.drop(day, f"orders.{kind}", content)


def drifted(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select kind, name, since, over from landing.drift order by kind, name").fetchall()


def format_of(shop: SourceFactory) -> str:
    return next(n for n in FORMATS if (shop.drops / D1.isoformat() / f"orders.{n}").exists())


def night(shop: SourceFactory, day: date, columns: tuple[str, ...] = ORDERS, *changes: dict[str, Any]) -> IngestResult:
    send(shop, day, orders(day, *changes), columns)
    return ingest(shop.settings, "orders", day)


def test_an_added_column_is_recorded_and_told_once(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    wide = (*ORDERS, "gift")
    with caplog.at_level(logging.WARNING, "huitou"):
        results = [night(shop, day, wide, {"gift": "yes"}) for day in DAYS[1:3]]
    assert [(r.loaded, r.new_columns) for r in results] == [(3, ["gift"]), (3, [])]
    assert drifted(connection) == [("added", "gift", DAYS[1], False)]
    assert caplog.text.count("column 'gift' is new and no mapping reads it") == 1
    night(shop, DAYS[3])
    assert drifted(connection) == [("added", "gift", DAYS[1], True)]
    assert night(shop, DAYS[4], wide).new_columns == ["gift"], "it had been over: it is told again"


def test_an_ignored_column_is_no_drift(shop: SourceFactory, connection: psycopg.Connection) -> None:
    text = (shop.folder / "orders.yml").read_text(encoding="utf-8")
    (shop.folder / "orders.yml").write_text(text + "ignore: [gift]\n", encoding="utf-8")
    assert night(shop, DAYS[1], (*ORDERS, "gift")).new_columns == []
    assert drifted(connection) == []


def test_a_missing_optional_column_is_empty_and_recorded(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    without = tuple(name for name in ORDERS if name != OPTIONAL)
    with caplog.at_level(logging.WARNING, "huitou"):
        assert [night(shop, day, without).loaded for day in DAYS[1:3]] == [3, 3]
    rows = connection.execute("select distinct discount from raw.orders where _business_date > %s", (D1,)).fetchall()
    assert rows == [(None,)]
    if format_of(shop) != "jsonl":  # a record of JSON may leave out what it has no value for
        assert drifted(connection) == [("missing", OPTIONAL, DAYS[1], False)]
        assert caplog.text.count(f"column '{OPTIONAL}' is gone, its values are empty from now on.") == 1
    assert_books_agree(connection)


@pytest.mark.parametrize("gone", [REQUIRED, "order_id", VERSION])
def test_a_missing_required_column_stops_the_feed(
    shop: SourceFactory, connection: psycopg.Connection, gone: str
) -> None:
    without = tuple(name for name in ORDERS if name != gone)
    if format_of(shop) == "jsonl":
        if gone != VERSION:
            assert night(shop, DAYS[1], without).quarantined == 3
        return
    with pytest.raises(UserError, match=f"has no column '{gone}'.*It has: .*Mend the file, or map the column"):
        night(shop, DAYS[1], without)
    assert connection.execute("select count(*) from raw.orders").fetchone() == (3,)
    assert connection.execute("select count(*) from landing.files").fetchone() == (1,)


@pytest.mark.parametrize(("old", "new"), [(OPTIONAL, "discount_amount"), (OPTIONAL, "rebate")])
def test_a_renamed_column_is_told_with_the_mapping_that_would_mend_it(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture, old: str, new: str
) -> None:
    renamed = tuple(new if name == old else name for name in ORDERS)
    with caplog.at_level(logging.WARNING, "huitou"):
        assert night(shop, DAYS[1], renamed).new_columns == [new]
    if format_of(shop) != "jsonl":
        hint = f"Column '{new}' is new: if it was renamed, set columns.{old}.from: {new} in orders.yml."
        assert hint in caplog.text
        found = connection.execute("select hint from landing.drift where kind = 'missing'").fetchall()
        assert found == [(hint,)]


def test_a_renamed_required_column_stops_the_feed_with_the_mapping(shop: SourceFactory) -> None:
    renamed = tuple("order_status" if name == REQUIRED else name for name in ORDERS)
    if format_of(shop) == "jsonl":  # JSON names its columns record by record
        assert night(shop, DAYS[1], renamed).quarantined == 3
        return
    with pytest.raises(UserError, match=r"set columns\.status\.from: order_status in orders\.yml"):
        night(shop, DAYS[1], renamed)


def test_columns_in_another_order_are_no_drift(shop: SourceFactory, connection: psycopg.Connection) -> None:
    assert night(shop, DAYS[1], tuple(reversed(ORDERS))).loaded == 3
    assert drifted(connection) == []


def test_a_changed_type_is_quarantined_and_recorded(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "huitou"):
        result = night(shop, DAYS[1], ORDERS, *[{OPTIONAL: "2.50 yuan"}] * 3)
    assert (result.loaded, result.quarantined) == (0, 3)
    assert drifted(connection) == [("retyped", OPTIONAL, DAYS[1], False)]
    assert "most values of column 'discount' are not of its type any more" in caplog.text
    assert_books_agree(connection)


def test_a_single_bad_value_is_no_changed_type(shop: SourceFactory, connection: psycopg.Connection) -> None:
    assert night(shop, DAYS[1], ORDERS, {OPTIONAL: "2.50 yuan"}).quarantined == 1
    assert drifted(connection) == []


def test_a_late_file_of_before_the_drift_does_not_end_it(shop: SourceFactory, connection: psycopg.Connection) -> None:
    night(shop, DAYS[2], (*ORDERS, "gift"))
    send(shop, DAYS[1], orders(DAYS[1]))
    assert night(shop, DAYS[3], (*ORDERS, "gift")).new_columns == []
    assert drifted(connection) == [("added", "gift", DAYS[2], False)]


def test_a_file_that_is_refused_leaves_no_trace_of_its_columns(
    warehouse: Settings, tmp_path: Path, connection: psycopg.Connection
) -> None:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS)
    factory.drop(D1, "orders.csv", orders_csv({}).replace("updated_at", "updated_at,gift")[:-5])
    with pytest.raises(UserError, match="the file is cut"):
        ingest(factory.settings, "orders", D1)
    assert drifted(connection) == []
    assert connection.execute("select count(*) from landing.headers").fetchone() == (0,)
