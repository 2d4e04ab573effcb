"""Plain values cast in the client are what the SQL cast makes of the same text, or are left to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from huitou.sources.cast import typed_columns, typed_query
from huitou.sources.contract import contracts
from huitou.sources.feeds import Feed
from huitou.sources.plain import plain_cast
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration
ZONES = ("Asia/Shanghai", "America/Sao_Paulo", "America/New_York", "UTC")
DAY = date(2026, 11, 20)
# One column of each type, with the limits that contracts state.
COLUMNS = (
    ("orders", "order_id"),
    ("orders", "status"),
    ("orders", "channel"),
    ("orders", "currency"),
    ("orders", "ordered_at"),
    ("orders", "discount"),
    ("order_lines", "line_no"),
    ("order_lines", "unit_price"),
    ("reviews", "score"),
    ("survey_responses", "score"),
    ("reviews", "body"),
    ("customers", "birthday"),
    ("customers", "phone"),
)


def feed_of(contract: str, column: str, mapping: dict[str, Any], constants: dict[str, str]) -> Feed:
    columns = {name: {"const": text} for name, text in constants.items() if name in contracts()[contract].columns}
    return Feed.model_validate(
        {
            "feed": contract,
            "describes": "x",
            "owner": "x",
            "connector": "files",
            "files": {"path": "x.csv", "format": "csv"},
            "columns": columns | {column: {"from": "x"} | mapping},
        }
    )


def by_sql(session: psycopg.Connection, feed: Feed, column: str, zone: str, texts: list[str | None]) -> list[Any]:
    """(value, reasons of that column) of each text."""
    source = sql.SQL("unnest(%s::text[]) with ordinality as staged (s0, n)")
    cast = typed_query(typed_columns(feed, zone, "CNY"), {"n": sql.Identifier("n")}, source)
    rows = session.execute(
        sql.SQL("select {}, _reasons from ({}) as q order by n").format(sql.Identifier(column), cast), (texts,)
    ).fetchall()
    return [(value, [reason for reason in reasons if reason.endswith(f":{column}")]) for value, reasons in rows]


def by_client(feed: Feed, column: str, zone: str, texts: list[str | None]) -> list[tuple[bool, Any]]:
    """(is it plain, its value) of each text."""
    plain = plain_cast(feed, zone, "CNY")
    assert plain is not None
    rows = plain.rows({"x": pa.array(texts, pa.string())}, len(texts), DAY)
    assert rows.columns["_day"].to_pylist() == [DAY] * len(rows.columns["_day"])
    which = [True] * len(texts) if rows.plain is None else rows.plain.to_pylist()
    values = iter(rows.columns[column].to_pylist())
    return [(is_plain, next(values) if is_plain else None) for is_plain in which]


@pytest.fixture(scope="module")
def session(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.url("postgres"), autocommit=True, options="-c timezone=UTC") as opened:
        yield opened


def agree(
    session: psycopg.Connection, contract: str, column: str, zone: str, texts: list[str | None], **mapping: Any
) -> list[bool]:
    feed = feed_of(contract, column, mapping, {})
    client, server = by_client(feed, column, zone, texts), by_sql(session, feed, column, zone, texts)
    for text, (is_plain, value), (wanted, reasons) in zip(texts, client, server, strict=True):
        if is_plain:
            assert (value, reasons) == (wanted, []), f"{text!r}"
    return [is_plain for is_plain, _ in client]


DIGITS = st.from_regex(r"[+-]?[0-9]{0,16}([.,][0-9]{0,6})?([eE]-?[0-9]{1,3})?", fullmatch=True)
CLOCK = st.from_regex(
    r"(0000|1969|19[78][0-9]|20[0-9]{2}|9999)-[01]?[0-9]-[0-3]?[0-9]([ T][0-2]?[0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,8})?)?)?"
    r"( ?(Z|[+-][01][0-9](:?[0-5][0-9])?))?",
    fullmatch=True,
)
WORDS = st.sampled_from(
    (None, "", " ", "paid", "PAID", "online", "cny", "CNY", "invalid:x", "true", "是", "0x1f", "０", "1_0", "02-30")
)
EDGES = st.sampled_from(
    ("12-31", "2001-02-29", " 7 ", "7\n", "\t", "NaN", "inf", "a\u00a0", "o" * 501, "99999999999999.99995", "24:00")
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
ANY_TEXT = st.one_of(DIGITS, CLOCK, WORDS, EDGES, TEXT)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=st.sampled_from(COLUMNS), zone=st.sampled_from(ZONES), texts=st.lists(ANY_TEXT, min_size=1, max_size=60))
def test_any_text_is_cast_as_by_sql_or_left_to_it(
    session: psycopg.Connection, column: tuple[str, str], zone: str, texts: list[str | None]
) -> None:
    agree(session, *column, zone, texts)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    moments=st.lists(st.datetimes(min_value=datetime(1969, 1, 1)), min_size=1, max_size=200),
)
def test_any_local_time_is_the_instant_that_sql_says(
    session: psycopg.Connection, zone: str, moments: list[Any]
) -> None:
    agree(session, "orders", "ordered_at", zone, [moment.isoformat(" ") for moment in moments])


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_on_which_the_clocks_change_is_left_to_sql(session: psycopg.Connection, zone: str) -> None:
    hours = [f"2018-{day} {hour:02}:30:00" for day in ("11-04", "02-17", "03-11", "03-12") for hour in range(24)]
    plain = agree(session, "orders", "ordered_at", zone, hours)
    left = {text[5:10] for text, is_plain in zip(hours, plain, strict=True) if not is_plain}
    changes = {"America/Sao_Paulo": {"11-04", "02-17"}, "America/New_York": {"11-04", "03-11"}}
    assert left == changes.get(zone, set())


@pytest.mark.parametrize(
    ("contract", "column", "text", "mapping"),
    [
        ("orders", "order_id", " A-1 ", {}),
        ("orders", "status", "已付款", {"values": {"已付款": "paid"}}),
        ("orders", "currency", "cny", {}),
        ("orders", "ordered_at", "2026-11-20 10:00:00", {}),
        ("orders", "ordered_at", "2026-11-20T10:00:00.5+08:00", {}),
        ("orders", "ordered_at", "2026-11-20T10:00Z", {}),
        ("orders", "ordered_at", "2026-12-31", {}),
        ("orders", "ordered_at", "31/12/2026 09:05", {"format": "%d/%m/%Y %H:%M"}),
        ("orders", "discount", "", {}),
        ("order_lines", "unit_price", "9999999999999.1234", {}),
        ("order_lines", "line_no", "007", {}),
        ("reviews", "score", "5", {}),
        ("reviews", "body", "好\n极了 ", {}),
        ("customers", "birthday", "2000-02-29", {}),
    ],
)
def test_what_shops_usually_write_is_plain(
    session: psycopg.Connection, contract: str, column: str, text: str, mapping: dict[str, Any]
) -> None:
    assert agree(session, contract, column, "Asia/Shanghai", [text], **mapping) == [True]


@pytest.mark.parametrize(
    ("mapping", "zone"),
    [({"decimal": ","}, "UTC"), ({"divide": 100}, "UTC"), ({"const": "x"}, "UTC")],
)
def test_a_mapping_that_only_sql_can_follow_has_no_plain_cast(mapping: dict[str, Any], zone: str) -> None:
    columns = {"unit_price": ({} if "const" in mapping else {"from": "x"}) | mapping, "updated_at": {"from": "y"}}
    feed = feed_of("order_lines", "order_id", {}, {}).model_dump(by_alias=True, exclude_none=True)
    assert plain_cast(Feed.model_validate(feed | {"columns": columns}), zone, "CNY") is None
