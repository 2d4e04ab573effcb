"""Control sums: what each file brought, by business date, verdict and currency, written beside the rows themselves.

The reconciliation holds them against raw. They are worked out in the tables of ``batch_tables``, inside the
transaction that loads the rows, and follow every row that changes its place later.
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from huitou.sources.contract import Contract, contracts
from huitou.sources.feeds import Feed

# ISO 4217's code for where no currency is involved; macro `no_currency` reads it again.
NO_CURRENCY: LiteralString = "XXX"

# A row each of what changes: file_id, day, verdict, figures of the row, and 1 or -1. A file without sums (an earlier
# version loaded it) gets none: a part of them would be held against all its rows.
SHIFT: LiteralString = """
insert into landing.sums as s (file_id, day, verdict, currency, measure, value)
select c.file_id, c.day, c.verdict, coalesce(c.figures ->> 'currency', '{no_currency}'), m.measure, sum(c.sign * m.value)
from ({changes}) as c (file_id, day, verdict, figures, sign)
cross join lateral (
    select 'rows' as measure, 1::numeric as value
    union all
    select key, value::numeric from jsonb_each_text(c.figures) where key <> 'currency'
) as m
where exists (select from landing.sums as kept where kept.file_id = c.file_id)
group by 1, 2, 3, 4, 5 having sum(c.sign * m.value) <> 0
on conflict (file_id, day, verdict, currency, measure) do update set value = s.value + excluded.value
""".replace("{no_currency}", NO_CURRENCY)
# Rows of earlier files that a conflict moved: between raw, quarantine and the duplicates.
FOLLOW: LiteralString = SHIFT.replace(
    "{changes}",
    """
    select _file, _day, case _origin when 'raw' then 'loaded' else 'quarantined' end, {figures}, -1
    from ranked where _origin <> 'batch'
    union all
    select _file, _day, case _verdict when 'conflict' then 'quarantined' else _verdict end, {figures}, 1
    from ranked where _origin <> 'batch'
    """,
)
RECORD = """
insert into landing.sums (file_id, day, verdict, currency, measure, value)
with typed_sums as (
    select j._file, j._day, case j._verdict when 'conflict' then 'quarantined' else j._verdict end as verdict,
        {currency} as currency, count(*)::numeric as n {totals}
    from judged as j group by 1, 2, 3, 4
), refused_sums as (
    select b._file, coalesce(b._day, a.business_date) as _day,
        case when k._line is null then 'quarantined' else 'duplicate' end as verdict,
        coalesce(b._figures ->> 'currency', {no_currency}) as currency, m.measure, m.value
    from (
        select _file, _line, _day, _figures from refused
        union all
        select _file, _line, null, '{{}}' from unreadable
    ) as b
    join arrived as a on a.file_id = b._file
    left join known_bad as k on k._file = b._file and k._line = b._line
    cross join lateral (
        select 'rows' as measure, 1::numeric as value
        union all
        select key, value::numeric from jsonb_each_text(b._figures) where key <> 'currency'
    ) as m
), summed as (
    select t._file, t._day, t.verdict, t.currency, m.measure, m.value
    from typed_sums as t cross join lateral (values ('rows', t.n) {measures}) as m (measure, value)
    union all
    select * from refused_sums
)
select _file, _day, verdict, currency, measure, sum(value) from summed where value is not null group by 1, 2, 3, 4, 5
"""

# One feed's part of landing.raw_figures: what raw holds of it, all versions, by business date and currency.
FIGURES = """
select {feed} as feed, t._business_date as day, t.currency, t.is_counted, m.measure, m.value
from (
    select r._business_date, {currency} as currency, f.file_id is not null as is_counted, count(*)::numeric as n {totals}
    from {table} as r
    left join (select distinct file_id from landing.sums) as f on f.file_id = r._file_id
    group by 1, 2, 3
) as t
cross join lateral (values ('rows', t.n) {measures}) as m (measure, value)
where m.value is not null
"""


def record(connection: psycopg.Connection, feed: Feed) -> None:
    """Write the sums of the batch: of ``judged``, ``refused`` and ``unreadable``. Rows ahead of the night wait."""
    connection.execute(sql.SQL(RECORD).format(no_currency=sql.Literal(NO_CURRENCY), **_totals(feed.contract, "j")))


def raw_figures() -> sql.Composed:
    """The statement that makes the view ``landing.raw_figures`` of the contracts: raw's side of the reconciliation.

    ``is_counted`` is false for rows of files that have no control sums, because an earlier version loaded them.
    """
    parts = [
        sql.SQL(FIGURES).format(
            feed=sql.Literal(contract.feed),
            table=sql.Identifier(contract.room, contract.feed),
            **_totals(contract, "r"),
        )
        for contract in contracts().values()
    ]
    return sql.SQL("create or replace view landing.raw_figures as {}").format(sql.SQL(" union all ").join(parts))


def _totals(contract: Contract, row: str) -> dict[str, sql.Composable]:
    """Pieces of a query that adds up rows: their currency, the sums, and the sums as (measure, value)."""
    money = money_columns(contract)
    totals = [sql.SQL(", sum({}) as {}").format(sql.Identifier(row, c), sql.Identifier(c)) for c in money]
    measures = [sql.SQL(", ({}, t.{})").format(sql.Literal(c), sql.Identifier(c)) for c in money]
    return {
        "currency": currency_of(contract, row),
        "totals": sql.SQL("").join(totals),
        "measures": sql.SQL("").join(measures),
    }


def shift(connection: psycopg.Connection, changes: LiteralString) -> None:
    """Take rows from one place of the sums to another; ``changes`` is a query as ``SHIFT`` reads it."""
    connection.execute(SHIFT.replace("{changes}", changes))


def money_columns(contract: Contract) -> list[str]:
    """The columns that hold money, in contract order."""
    return [name for name, column in contract.columns.items() if column.type == "money"]


def currency_of(contract: Contract, row: str) -> sql.Composable:
    """The currency of a row as SQL; ``NO_CURRENCY`` where the feed has none or the row does not tell it."""
    name = _currency_column(contract)
    none = sql.Literal(NO_CURRENCY)
    return sql.SQL("coalesce({}, {})").format(sql.Identifier(row, name), none) if name else none


def figures(contract: Contract, row: str) -> sql.Composable:
    """Currency and money of one row as jsonb: what the row alone adds to the sums."""
    pairs = [sql.SQL("'currency', {}").format(currency_of(contract, row))]
    pairs += [sql.SQL("{}, {}").format(sql.Literal(c), sql.Identifier(row, c)) for c in money_columns(contract)]
    return sql.SQL("jsonb_strip_nulls(jsonb_build_object({}))").format(sql.SQL(", ").join(pairs))


def figures_of_content(contract: Contract, content: str) -> sql.Composable:
    """The same of a row that stands in a column as jsonb."""
    value, name = sql.Identifier(content), _currency_column(contract)
    currency: sql.Composable = sql.Literal(NO_CURRENCY)
    if name:
        currency = sql.SQL("coalesce({} ->> {}, {})").format(value, sql.Literal(name), currency)
    pairs = [sql.SQL("'currency', {}").format(currency)]
    pairs += [sql.SQL("{c}, {v} -> {c}").format(c=sql.Literal(c), v=value) for c in money_columns(contract)]
    return sql.SQL("jsonb_strip_nulls(jsonb_build_object({}))").format(sql.SQL(", ").join(pairs))


def _currency_column(contract: Contract) -> str | None:
    return next((name for name, column in contract.columns.items() if column.type == "currency"), None)
