"""Whatever order files arrive in, raw, quarantine and the manifest end as if they had come in order (T12)."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from factories.arrivals import DAYS, UNTRUE, Drop, clear, made_drops, outcome
from factories.feeds import ORDERS, SourceFactory
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.transform.build import build

pytestmark = pytest.mark.integration
LAST = DAYS[-1]
EARLY, LATE = 8, 200

Shop = Callable[[str], SourceFactory]


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> Shop:
    """A shop whose files have not arrived yet; each has the warehouse to itself from its beginning."""

    def new(name: str) -> SourceFactory:
        factory = SourceFactory(tmp_path / name, warehouse)
        factory.feed("orders", ORDERS, files={"path": "{business_date}/*.csv", "optional": True})
        return factory

    return new


def in_order(shop: SourceFactory, connection: psycopg.Connection, drops: list[Drop]) -> dict[str, Any]:
    for day in DAYS:
        for _, name, text in [drop for drop in drops if drop[0] == day]:
            shop.drop(day, name, text)
        ingest(shop.settings, "orders", day)
    return outcome(connection)


def in_any_order(
    shop: SourceFactory, connection: psycopg.Connection, drops: list[Drop], chance: random.Random
) -> dict[str, Any]:
    """Files arrive shuffled, one or a few at a time; after each arrival some night is run, old or new, some twice."""
    waiting = chance.sample(drops, len(drops))
    while waiting:
        for day, name, text in [waiting.pop() for _ in range(min(len(waiting), chance.choice([1, 1, 2, 5])))]:
            shop.drop(day, name, text)
        for night in chance.choices(DAYS, k=chance.choice([1, 1, 2])):
            ingest(shop.settings, "orders", night)
            assert connection.execute(UNTRUE).fetchall() == []
    ingest(shop.settings, "orders", LAST)
    return outcome(connection)


def permutations(count: int, first: int = 0) -> list[int]:
    return list(range(first, first + count))


def converges(shop: Shop, connection: psycopg.Connection, seed: int) -> None:
    drops = made_drops(seed % 10)
    wanted = in_order(shop("in-order"), connection, drops)
    assert {"loaded", "conflict"} <= {
        "loaded",
        *(reasons[0].partition(":")[0] for _, _, reasons, *_ in wanted["quarantine"]),
    }
    clear(connection)
    assert in_any_order(shop("shuffled"), connection, drops, random.Random(seed)) == wanted  # noqa: S311


@pytest.mark.parametrize("seed", permutations(EARLY))
def test_the_outcome_is_that_of_the_right_order(shop: Shop, connection: psycopg.Connection, seed: int) -> None:
    converges(shop, connection, seed)


@pytest.mark.battery
@pytest.mark.parametrize("seed", permutations(LATE - EARLY, EARLY))
def test_the_outcome_is_that_of_the_right_order_in_every_permutation(
    shop: Shop, connection: psycopg.Connection, seed: int
) -> None:
    converges(shop, connection, seed)


def marts(settings: Settings, connection: psycopg.Connection) -> dict[str, list[str]]:
    """Every row of every mart after a build as of the last day, without the ids that a second loading counts on."""
    build(settings, LAST)
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    ).fetchall()
    found = {}
    for (name,) in tables:
        rows = connection.execute(f"select to_jsonb(m) - 'quarantine_id' - 'file_id' from marts.{name} as m")
        found[name] = sorted(str(row) for row in rows)
    return found


@pytest.mark.battery
@pytest.mark.parametrize("seed", permutations(4, LATE))
def test_the_marts_are_those_of_the_right_order(shop: Shop, connection: psycopg.Connection, seed: int) -> None:
    drops = made_drops(seed)
    first, second = shop("in-order"), shop("shuffled")
    in_order(first, connection, drops)
    wanted = marts(first.settings, connection)
    assert sum(map(len, wanted.values())) > len(DAYS)
    clear(connection)
    in_any_order(second, connection, drops, random.Random(seed))  # noqa: S311
    assert marts(second.settings, connection) == wanted
