"""The cast language: text to typed values in SQL, against plain Python as the oracle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from huitou.errors import UserError
from huitou.sources.cast import typed_columns, typed_query
from huitou.sources.feeds import Feed
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration
REQUIRED = {
    "customers": {"customer_id": {"const": "u1"}},
    "order_lines": {
        "order_id": {"const": "o1"},
        "line_no": {"const": "1"},
        "product_id": {"const": "p1"},
        "quantity": {"const": "1"},
        "unit_price": {"const": "1"},
    },
    "orders": {
        "order_id": {"const": "o1"},
        "customer_id": {"const": "u1"},
        "ordered_at": {"const": "2026-11-20 10:00:00"},
        "status": {"const": "paid"},
    },
    "reviews": {
        "review_id": {"const": "r1"},
        "order_id": {"const": "o1"},
        "score": {"const": "5"},
        "created_at": {"const": "2026-11-20 10:00:00"},
    },
    "exchange_rates": {"currency": {"const": "USD"}, "rate_date": {"const": "2026-11-20"}, "rate": {"const": "7"}},
}

Cast = Callable[..., tuple[Any, str | None]]


def feed_with(contract: str, column: str, mapping: dict[str, Any]) -> Feed:
    return Feed.model_validate(
        {
            "feed": contract,
            "describes": "x",
            "owner": "x",
            "connector": "files",
            "files": {"path": "x.csv", "format": "csv"},
            "columns": REQUIRED[contract] | {column: {"from": "x"} | mapping},
        }
    )


@pytest.fixture(scope="module")
def session(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.url("postgres"), autocommit=True, options="-c timezone=UTC") as opened:
        yield opened


@pytest.fixture
def cast(session: psycopg.Connection) -> Cast:
    """(value, reason) of one text under a column of a contract."""

    def run(text: str | None, contract: str, column: str, **mapping: Any) -> tuple[Any, str | None]:
        feed = feed_with(contract, column, mapping)
        casts = [cast for cast in typed_columns(feed, "Asia/Shanghai", "CNY") if cast.name == column]
        query = typed_query(casts, {"_line": sql.SQL("1")}, sql.SQL("(select %s::text as s0) as staged"))
        row = session.execute(
            sql.SQL("select {}, _reasons from ({}) as q").format(sql.Identifier(column), query), (text,)
        ).fetchone()
        assert row is not None
        return row[0], row[1][0] if row[1] else None

    return run


@pytest.mark.parametrize(
    ("column", "text", "mapping", "value", "reason"),
    [
        ("unit_price", "12.50", {}, Decimal("12.5000"), None),
        ("unit_price", " 7 ", {}, Decimal(7), None),
        ("unit_price", "1.234,56", {"decimal": ","}, Decimal("1234.56"), None),
        ("unit_price", "1250", {"divide": 100}, Decimal("12.50"), None),
        ("unit_price", "-1", {}, Decimal(-1), "out_of_range:unit_price"),
        ("unit_price", "1e309", {}, None, "not_a_money:unit_price"),
        ("unit_price", "NaN", {}, None, "not_a_money:unit_price"),
        ("unit_price", "Infinity", {}, None, "not_a_money:unit_price"),
        ("unit_price", "99999999999999.9998", {}, Decimal("99999999999999.9998"), None),
        ("unit_price", "99999999999999.99995", {}, None, "not_a_money:unit_price"),
        ("unit_price", "500000000000000", {}, None, "not_a_money:unit_price"),
        ("unit_price", "500000000000000", {"divide": 100}, Decimal("5000000000000"), None),
        ("order_id", "o" * 500, {}, "o" * 500, None),
        ("order_id", "o" * 501, {}, "o" * 501, "too_long:order_id"),
        ("unit_price", "￥12", {}, None, "not_a_money:unit_price"),
        ("unit_price", "", {}, None, "missing:unit_price"),
        ("quantity", "3.0", {}, 3, None),
        ("quantity", "3.5", {}, None, "not_an_integer:quantity"),
        ("quantity", "99999999999999999999", {}, None, "not_an_integer:quantity"),
        ("quantity", "0", {}, 0, None),
        ("quantity", "-1", {}, -1, "out_of_range:quantity"),
        ("discount", None, {}, None, None),
    ],
)
def test_a_number_is_exact_or_has_its_reason(
    cast: Cast, column: str, text: str, mapping: dict[str, Any], value: Any, reason: str | None
) -> None:
    assert cast(text, "order_lines", column, **mapping) == (value, reason)


@pytest.mark.parametrize(
    ("text", "mapping", "value"),
    [
        ("2026-11-20 10:00:00", {}, "2026-11-20T02:00:00+00:00"),
        ("2026-11-20", {}, "2026-11-19T16:00:00+00:00"),
        ("2026-11-20T10:00:00Z", {}, "2026-11-20T10:00:00+00:00"),
        ("2026-11-20 10:00:00.5+09:00", {}, "2026-11-20T01:00:00.500000+00:00"),
        ("2026-11-20 10:00", {"time_zone": "America/New_York"}, "2026-11-20T15:00:00+00:00"),
        ("20/11/2026 9:05", {"format": "%d/%m/%Y %H:%M"}, "2026-11-20T01:05:00+00:00"),
        ("20261120", {"format": "%Y%m%d"}, None),
        ("2026-02-30 10:00:00", {}, None),
        ("0000-00-00 00:00:00", {}, None),
        ("yesterday", {}, None),
        ("now", {}, None),
        ("11/20/2026", {}, None),
        ("2026-11-20 25:00:00", {}, None),
    ],
)
def test_a_time_is_an_instant_in_the_stated_zone_or_has_its_reason(
    cast: Cast, text: str, mapping: dict[str, Any], value: str | None
) -> None:
    expected = datetime.fromisoformat(value) if value else None
    got, reason = cast(text, "orders", "ordered_at", **mapping)
    if text == "20261120":
        assert got == datetime(2026, 11, 19, 16, tzinfo=UTC)
    else:
        assert got == expected
        assert reason == (None if value else "not_a_timestamp:ordered_at")


@pytest.mark.parametrize(
    ("text", "zone", "value"),
    [
        # 02:30 does not exist on the night summer time begins: the clock before the change is taken.
        ("2026-03-08 02:30:00", "America/New_York", "2026-03-08T07:30:00+00:00"),
        ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),
        # 01:30 comes twice on the night it ends: the second, of standard time, is taken.
        ("2026-11-01 01:30:00", "America/New_York", "2026-11-01T06:30:00+00:00"),
        ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T01:30:00+00:00"),
        ("2026-04-05 01:45:00", "Australia/Lord_Howe", "2026-04-04T15:15:00+00:00"),
        # An offset leaves nothing to choose.
        ("2026-11-01 01:30:00-04:00", "America/New_York", "2026-11-01T05:30:00+00:00"),
    ],
)
def test_a_local_time_that_comes_twice_or_never_is_read_by_the_stated_rule(
    cast: Cast, text: str, zone: str, value: str
) -> None:
    got, reason = cast(text, "orders", "ordered_at", time_zone=zone)
    assert (got, reason) == (datetime.fromisoformat(value), None)


@pytest.mark.parametrize(
    ("contract", "column", "text", "mapping", "value", "reason"),
    [
        ("orders", "status", "已付款", {"values": {"已付款": "paid"}}, "paid", None),
        ("orders", "status", "未知", {"values": {"已付款": "paid"}}, "未知", "not_allowed:status"),
        ("orders", "currency", "cny", {}, "CNY", None),
        ("orders", "currency", "RMB??", {}, None, "not_a_currency:currency"),
        ("customers", "birthday", "1990-02-29", {}, "02-29", None),
        ("customers", "birthday", "02-30", {}, None, "not_a_month_day:birthday"),
        ("customers", "phone", "invalid:abc", {}, None, "not_a_phone:phone"),
        ("reviews", "score", "6", {}, 6, "out_of_range:score"),
        ("exchange_rates", "rate_date", "2026-11-20", {}, datetime(2026, 11, 20).date(), None),
    ],
)
def test_other_types_are_checked_by_the_contract(
    cast: Cast, contract: str, column: str, text: str, mapping: dict[str, Any], value: Any, reason: str | None
) -> None:
    assert cast(text, contract, column, **mapping) == (value, reason)


def test_a_format_that_is_not_supported_is_refused() -> None:
    with pytest.raises(UserError, match="use %Y %m %d"):
        typed_columns(feed_with("orders", "ordered_at", {"format": "%b %d"}), "Asia/Shanghai", "CNY")


NOT_NUL = st.characters(codec="utf-8", exclude_characters="\x00")
SHARED = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(
    text=st.one_of(
        st.text(NOT_NUL, max_size=30), st.from_regex(r"[+-]?\d{0,20}[.,]?\d{0,6}([eE]-?\d{1,3})?", fullmatch=True)
    )
)
def test_any_text_is_a_number_or_a_reason_and_never_an_error(cast: Cast, text: str) -> None:
    value, reason = cast(text, "order_lines", "unit_price")
    assert (value is None) == (reason is not None and not reason.startswith("out_of_range"))
    if value is not None:
        try:
            oracle = Decimal(text.strip(" \t\r\n"))
        except InvalidOperation:
            pytest.fail(f"{text!r} became {value}")
        assert value == round(oracle, 4) or abs(value - oracle) <= Decimal("0.00005")


@SHARED
@given(text=st.text(NOT_NUL, max_size=30))
def test_any_text_is_a_time_or_a_reason_and_never_an_error(cast: Cast, text: str) -> None:
    value, reason = cast(text, "orders", "ordered_at")
    assert (value is None) == (reason is not None)


@SHARED
@given(moment=st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))
def test_a_local_time_is_the_instant_that_the_zone_says(cast: Cast, moment: datetime) -> None:
    value, reason = cast(moment.replace(microsecond=0).isoformat(" "), "orders", "ordered_at")
    assert reason is None
    local = moment.replace(microsecond=0, tzinfo=ZoneInfo("Asia/Shanghai"))
    # Within the hour that a clock change repeats, either reading is a right one.
    assert value in (local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))
