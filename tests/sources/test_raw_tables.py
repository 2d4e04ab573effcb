"""The raw tables: in how few of their blocks the rows of a day are looked for, in an older warehouse too."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from huitou.sources.raw_tables import ensure_raw_tables
from huitou.warehouse.migrate import migrate

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
# How the columns of block range indexes are kept.
KINDS = """
select distinct o.opcname like '%_minmax_multi_ops'
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
join pg_am as a on a.oid = c.relam and a.amname = 'brin'
cross join lateral unnest(i.indclass::oid[]) as k (kind)
join pg_opclass as o on o.oid = k.kind
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


def test_indexes_of_one_range_are_made_anew_when_a_warehouse_is_older(connection: psycopg.Connection) -> None:
    connection.execute("drop index raw.orders_by_day")
    connection.execute("create index orders_by_day on raw.orders using brin (_business_date, ordered_at)")
    assert sorted(connection.execute(KINDS).fetchall()) == [(False,), (True,)]
    connection.execute("delete from ops.migrations where name = '0025_several_ranges.sql'")
    migrate(connection)
    ensure_raw_tables(connection)
    assert connection.execute(KINDS).fetchall() == [(True,)]
    assert connection.execute("select to_regclass('raw.orders_by_day') is not null").fetchone() == (True,)


def rows_read(connection: psycopg.Connection, day: date) -> float:
    """Orders of a day, and those that were read in vain to find them."""
    connection.execute("set enable_seqscan = off")
    row = connection.execute(f"explain (analyze, format json) {OF_A_DAY}".encode(), {"day": day}).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    assert plan["Node Type"] == "Bitmap Heap Scan"
    return float(plan["Actual Rows"]) + float(plan["Rows Removed by Index Recheck"])
