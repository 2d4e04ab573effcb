"""The raw tables: in how few of their blocks the rows of a day are looked for."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.integration
DAYS, ORDERS_A_DAY = 200, 200
ORDERS = """
insert into raw.orders (
    order_id, customer_id, ordered_at, status, currency, _source, _version, _business_date, _file_id, _line
)
select 'o' || n, 'c', day, 'paid', 'CNY', 'shop', day, day::date, 1, n
from generate_series(%(first)s::int, %(last)s::int) as n
cross join lateral (select '2026-01-01 12:00+08'::timestamptz + n / %(a_day)s * interval '1 day' as day) as d
"""
# Of all ranges of 32 blocks, the share in which there is an order of the last days.
SHARE_OF_THE_LAST = """
select count(distinct block / 32) filter (where _line >= %(orders)s) / count(distinct block / 32)::float
from (select _line, (ctid::text::point)[0]::int as block from raw.orders) as lying
"""
OF_A_DAY = "select order_id from raw.orders where ordered_at >= %(day)s::date and ordered_at < %(day)s::date + 1"


def test_a_day_is_looked_for_in_few_blocks_when_later_rows_went_where_there_was_room(
    connection: psycopg.Connection,
) -> None:
    orders = DAYS * ORDERS_A_DAY
    connection.execute(ORDERS, {"first": 0, "last": orders - 1, "a_day": ORDERS_A_DAY})
    connection.execute("delete from raw.orders where _line % 100 = 0")
    connection.execute("vacuum raw.orders")
    connection.execute(ORDERS, {"first": orders, "last": orders + 2 * ORDERS_A_DAY - 1, "a_day": ORDERS_A_DAY})
    connection.execute("vacuum analyze raw.orders")
    among_all = connection.execute(SHARE_OF_THE_LAST, {"orders": orders}).fetchone()
    assert among_all is not None
    assert among_all[0] > 0.7
    assert rows_read(connection, date(2026, 4, 1)) < orders / 10


def rows_read(connection: psycopg.Connection, day: date) -> float:
    """Orders of a day, and those that were read in vain to find them."""
    connection.execute("set enable_seqscan = off")
    row = connection.execute(f"explain (analyze, format json) {OF_A_DAY}".encode(), {"day": day}).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    assert plan["Node Type"] == "Bitmap Heap Scan"
    return float(plan["Actual Rows"]) + float(plan["Rows Removed by Index Recheck"])
