"""Files of an order feed as they come in life: late, sent again, corrected, contradicting one another, unreadable."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import psycopg

from factories.feeds import orders_csv

FIRST = date(2026, 11, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(14)]

RAW = """
select order_id, _version, _business_date, customer_id, ordered_at, status, currency, discount, updated_at
from raw.orders order by order_id, _version
"""
QUARANTINE = """
select q.business_date, f.name, q.reasons, q.row, q.state, c.content
from quarantine.rows as q join landing.files as f using (file_id) left join quarantine.conflicts as c
using (quarantine_id) order by f.name, q.line, q.row::text
"""
TOTALS = """
select count(*), sum(rows_seen), sum(loaded), sum(duplicate), sum(quarantined), sum(ahead) from landing.files
"""
UNTRUE = """
select f.name from landing.files as f
where f.loaded <> (select count(*) from raw.orders as r where r._file_id = f.file_id)
    or f.quarantined <> (select count(*) from quarantine.rows as q where q.file_id = f.file_id)
    or f.rows_seen <> f.loaded + f.duplicate + f.quarantined
"""

Drop = tuple[date, str, str]


def made_drops(seed: int) -> list[Drop]:
    """Fourteen days of two files each: new orders, corrections, rows sent again, rows late, rows that contradict others,
    rows that cannot be read."""
    chance = random.Random(seed)  # noqa: S311 - made-up rows
    sent: list[dict[str, str]] = []
    drops = []
    for number, day in enumerate(DAYS):
        for name in ("a.csv", "b.csv"):
            rows = [_new(chance, f"o{number}{name[0]}{n}", day) for n in range(3)]
            for old in chance.sample(sent, min(len(sent), 4)):
                rows.append(
                    chance.choice([_again, _corrected, _contradicted, _contradicted, _unreadable])(chance, old, day)
                )
            chance.shuffle(rows)
            drops.append((day, name, orders_csv(*rows)))
            sent += rows
    return drops


def _new(chance: random.Random, order_id: str, day: date) -> dict[str, str]:
    late = day - timedelta(days=chance.choice([0, 0, 0, 3]))
    return {
        "order_id": order_id,
        "customer_id": f"u{chance.randint(1, 9)}",
        "ordered_at": f"{late} 09:00:00",
        "updated_at": f"{late} 09:00:00",
    }


def _again(chance: random.Random, old: dict[str, str], day: date) -> dict[str, str]:
    return old


def _corrected(chance: random.Random, old: dict[str, str], day: date) -> dict[str, str]:
    return old | {"status": "shipped", "updated_at": f"{day} 20:00:00"}


def _contradicted(chance: random.Random, old: dict[str, str], day: date) -> dict[str, str]:
    return old | {"status": chance.choice(["cancelled", "delivered"])}


def _unreadable(chance: random.Random, old: dict[str, str], day: date) -> dict[str, str]:
    return old | {"discount": "much"}


def outcome(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What must not depend on the order: rows with their content and day, quarantine, the totals of the manifest."""
    assert connection.execute(UNTRUE).fetchall() == []
    queries = {"raw": RAW, "quarantine": QUARANTINE, "totals": TOTALS}
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def clear(connection: psycopg.Connection) -> None:
    """As if no file had ever come."""
    connection.execute("truncate raw.orders, landing.files, quarantine.rows cascade")
