"""What the fits read: the customers of a business date, and the same customers as they stood before the holdout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg

from huitou.value.bg_nbd import Ints, Purchases
from huitou.value.columns import columns
from huitou.value.gamma_gamma import Spend
from huitou.value.maximum import Floats

# Who bought once differs by the day alone; of the others the server would sort and spill what numpy counts in memory.
ONCE = """
select %(as_of)s::date - first_day, count(*)
from intermediate.int_customers__purchases
where repeats = 0
group by first_day
"""
REPEATERS = """
select repeats, last_day - first_day, %(as_of)s::date - first_day, known_repeats, repeat_spend
from intermediate.int_customers__purchases
where repeats > 0
"""
HELD_OUT = """
select repeats, last_day - first_day, split_day - first_day, later_purchases, count(*)
from intermediate.int_value__backtest
group by repeats, last_day - first_day, split_day - first_day, later_purchases
"""
HELD_OUT_SPEND = """
select known_repeats, greatest(repeat_spend, 0), later_known, later_spend::double precision
from intermediate.int_value__backtest
where known_repeats > 0 and repeat_spend > 0 or later_known > 0 and later_spend > 0
"""
# The first rule that the shop does not meet, and what it has instead. Seed value_settings says how much is enough.
LACKING = """
with needed as (select setting, value from staging.value_settings),
found as (
    select count(*) as customers, count(*) filter (where repeats > 0) as repeaters,
        count(*) filter (where repeats > 1) as frequent,
        coalesce(%(as_of)s::date - min(first_day), 0) as history,
        coalesce(%(as_of)s::date - max(last_day), 0) as quiet
    from intermediate.int_customers__purchases
),
rules as (
    select 1 as place, 'min_customers' as setting, customers as has, 'customers with a purchase' as what from found
    union all select 2, 'min_repeat_customers', repeaters, 'customers with a second purchase' from found
    union all select 3, 'min_frequent_customers', frequent, 'customers with a third purchase' from found
    union all select 4, 'min_history_days', history, 'days of history' from found
    union all select 5, 'max_quiet_days', quiet, 'days since the newest purchase' from found
)
select case when setting like 'max%%' then 'too many ' else 'too few ' end || what || ': ' || has
    || ', the limit is ' || value
from rules join needed using (setting)
where case when setting like 'max%%' then has > value else has < value end
order by place limit 1
"""
HOLDOUT_DAYS = "select value::integer from staging.value_settings where setting = 'holdout_days'"


@dataclass(frozen=True)
class Orders:
    """Customers by (repeats, last, age), and their purchases in the holdout after it (``later``, of one length)."""

    purchases: Purchases
    later: Ints


@dataclass(frozen=True)
class Worth:
    """What repeat customers had spent, and per customer of the holdout the same (0 purchases: none known yet) and
    what they then spent: purchases of known worth (≥ 1) and their worth together (> 0)."""

    spend: Spend
    before: Spend
    later: Ints
    later_total: Floats


def lacking(connection: psycopg.Connection, as_of: date) -> str | None:
    """Why there is not enough to fit as of ``as_of``, or None."""
    row = connection.execute(LACKING, {"as_of": as_of}).fetchone()
    return str(row[0]) if row else None


def holdout_days(connection: psycopg.Connection) -> int:
    """Days held out of the back-test."""
    row = connection.execute(HOLDOUT_DAYS).fetchone()
    return int(row[0]) if row else 0


def customers(connection: psycopg.Connection) -> int:
    """Customers with a purchase."""
    row = connection.execute("select count(*) from intermediate.int_customers__purchases").fetchone()
    return int(row[0]) if row else 0


def read(connection: psycopg.Connection, as_of: date) -> tuple[Purchases, Spend]:
    """All customers with a purchase, as of ``as_of``, and those with a repeat purchase of known worth."""
    age, count = columns(connection, ONCE, ("integer", "bigint"), {"as_of": as_of})
    kinds = ("integer", "integer", "integer", "integer", "double precision")
    *history, known, total = columns(connection, REPEATERS, kinds, {"as_of": as_of})
    had = (known > 0) & (total > 0)
    repeats, last, ages, counts = counted(*history)
    nothing = np.zeros(len(age), np.int64)
    purchases = Purchases(
        np.concatenate([nothing, repeats]),
        np.concatenate([nothing, last]),
        np.concatenate([age, ages]),
        np.concatenate([count, counts]),
    )
    return purchases, Spend(known[had], total[had])


def counted(repeats: Ints, last: Ints, age: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """The triples among these, each once, and how often each is there; all numbers are below 2^21."""
    keys, counts = np.unique(repeats.astype(np.int64) << 42 | last.astype(np.int64) << 21 | age, return_counts=True)
    low = (1 << 21) - 1
    return keys >> 42, keys >> 21 & low, keys & low, counts


def held_out_orders(connection: psycopg.Connection) -> Orders:
    """The customers of the day before the holdout, and how often they bought in it."""
    kinds = ("integer", "integer", "integer", "integer", "bigint")
    repeats, last, age, later, count = columns(connection, HELD_OUT, kinds, {})
    return Orders(Purchases(repeats, last, age, count), later)


def held_out_worth(connection: psycopg.Connection) -> Worth:
    """What customers had spent before the holdout, and what in it."""
    kinds = ("integer", "double precision", "integer", "double precision")
    known, total, later, later_total = columns(connection, HELD_OUT_SPEND, kinds, {})
    had, spent = (known > 0) & (total > 0), (later > 0) & (later_total > 0)
    before = Spend(np.where(had, known, 0)[spent], np.where(had, total, 0.0)[spent])
    return Worth(Spend(known[had], total[had]), before, later[spent], later_total[spent])
