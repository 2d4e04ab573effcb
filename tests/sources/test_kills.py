"""Killed at each step of ingest and of publication, and run again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from factories.arrivals import DAYS, clear, made_drops, outcome
from factories.books import assert_books_agree
from factories.doomed_run import MARTS, run_doomed
from factories.feeds import ORDERS, SourceFactory
from factories.kill_points import COMMITTED, INGEST, PUBLICATION, Kill, Killed, Point
from factories.warehouses import new_warehouse
from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.publish import publish

pytestmark = pytest.mark.integration
SEED, NIGHT = 3, 8
Doomed = Callable[[Settings, int], None]
EVERY_INGEST = pytest.mark.parametrize("at", range(len(INGEST)), ids=map(str, INGEST))
EVERY_PUBLICATION = pytest.mark.parametrize("at", range(len(PUBLICATION)), ids=map(str, PUBLICATION))


def sampled(points: tuple[Point, ...], *often: str) -> pytest.MarkDecorator:
    """Every point; but for the ones named, only in the battery."""
    assert set(often) <= set(map(str, points))
    marks = [() if str(point) in often else pytest.mark.battery for point in points]
    return pytest.mark.parametrize(
        "at", [pytest.param(n, id=str(points[n]), marks=mark) for n, mark in enumerate(marks)]
    )


def within(kill: Kill, points: tuple[Point, ...], run: Callable[[Settings], object]) -> Doomed:
    """A run in this process, with ``kill`` behind a point of it."""

    def doomed(settings: Settings, at: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            points[at].plant(patch, kill)
            with pytest.raises((psycopg.OperationalError, Killed)):
                run(settings)

    return doomed


def ingest_of_the_night(settings: Settings) -> object:
    return ingest(settings, "orders", DAYS[NIGHT])


def publication_of_the_night(settings: Settings) -> object:
    return publish(settings, date(2026, 11, 21), MARTS)


def terminate(connection: psycopg.Connection) -> None:
    """End every other session of this database."""
    connection.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )


def a_shop(settings: Settings, folder: Path) -> SourceFactory:
    """A shop of some nights, whose last one has rows that displace what earlier ones loaded."""
    shop = SourceFactory(folder, settings)
    shop.feed("orders", ORDERS, files={"path": "{business_date}/*.csv", "optional": True})
    late = {(DAYS[1], "a.csv"), (DAYS[2], "b.csv")}
    for day, name, text in made_drops(SEED):
        if day < DAYS[NIGHT] and (day, name) not in late:
            shop.drop(day, name, text)
    ingest(shop.settings, "orders", DAYS[NIGHT - 1])
    for day, name, text in made_drops(SEED):
        if day == DAYS[NIGHT] or (day, name) in late:
            shop.drop(day, name, text)
    return shop


@dataclass
class Loaded:
    """A shop before the night that is killed, in a database to be cloned; ``wanted`` is how the night must end."""

    shop: SourceFactory
    database: str
    wanted: dict[str, Any]


@pytest.fixture(scope="module")
def loaded(server: EmbeddedServer, module_warehouse: Settings) -> Loaded:
    shop = a_shop(module_warehouse, module_warehouse.home / "shop")
    with new_warehouse(server, "t_clean", "t_module", module_warehouse.home) as copy:
        clean = shop.settings.model_copy(update={"warehouse_dsn": copy.warehouse_dsn})
        with connect(clean) as connection:
            clear(connection)
            ingest(clean, "orders", DAYS[NIGHT])
            alone = outcome(connection)
            clear(connection)
    return Loaded(shop, "t_module", alone)


@pytest.fixture
def shop(loaded: Loaded, server: EmbeddedServer) -> Iterator[Settings]:
    """Settings of a shop of this test's own, before the night that is killed."""
    with new_warehouse(server, "t_test", loaded.database, loaded.shop.settings.home) as copy:
        yield loaded.shop.settings.model_copy(update={"warehouse_dsn": copy.warehouse_dsn})


def is_killed_and_run_again(settings: Settings, wanted: dict[str, Any], doomed: Doomed, at: int) -> None:
    with connect(settings) as connection:
        before = outcome(connection)
    doomed(settings, at)
    with connect(settings) as connection:
        left = outcome(connection)
        first = ingest(settings, "orders", DAYS[NIGHT])
        after = outcome(connection)
        assert after != before
        assert left == (after if str(INGEST[at]) in COMMITTED else before)
        assert ingest(settings, "orders", DAYS[NIGHT]) == first
        assert outcome(connection) == after == wanted
        assert_books_agree(connection)
    assert list((settings.home / "landing").rglob(".*")) == []


@EVERY_INGEST
def test_an_ingest_whose_session_dies_leaves_nothing_and_is_run_again(shop: Settings, loaded: Loaded, at: int) -> None:
    with connect(shop) as connection:
        kill = within(lambda: terminate(connection), INGEST, ingest_of_the_night)
        is_killed_and_run_again(shop, loaded.wanted, kill, at)


@sampled(INGEST, "Partial.write", "settle.load_rows", "ingest._load")
def test_an_ingest_that_is_killed_leaves_nothing_and_is_run_again(shop: Settings, loaded: Loaded, at: int) -> None:
    def kill(settings: Settings, at: int) -> None:
        run_doomed(settings, "ingest", DAYS[NIGHT], at)

    is_killed_and_run_again(shop, loaded.wanted, kill, at)


@pytest.fixture(scope="module")
def durable() -> Iterator[Settings]:
    """A server of the module's own that keeps what it committed, whatever becomes of it."""
    home = Path(tempfile.mkdtemp(prefix="ht-"))
    home.chmod(0o711)
    settings = Settings(home=home)
    ensure_ready(settings)
    yield settings
    EmbeddedServer(settings).remove()
    shutil.rmtree(home)


def stop_at_once(settings: Settings) -> None:
    """The server dies as in a power cut: no checkpoint, no farewell; then it starts again."""
    server = EmbeddedServer(settings)
    pid = server.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    while server.status().running:
        pass
    server.start()


@pytest.mark.battery
@EVERY_INGEST
def test_an_ingest_whose_server_dies_leaves_nothing_and_is_run_again(
    durable: Settings, loaded: Loaded, tmp_path: Path, at: int
) -> None:
    with connect(durable) as connection:
        clear(connection)
    shop = a_shop(durable, tmp_path / "shop")
    kill = within(lambda: stop_at_once(durable), INGEST, ingest_of_the_night)
    is_killed_and_run_again(shop.settings, loaded.wanted, kill, at)


def candidates(connection: psycopg.Connection, value: int) -> None:
    """Of another value all rows are others, and so is the view."""
    *tables, view = MARTS
    for name in tables:
        connection.execute(
            f"drop table if exists candidate.{name} cascade;"
            f"create table candidate.{name} (id integer primary key, value integer not null);"
            f"insert into candidate.{name} select n, n * {value} from generate_series({value}, {value} + 9) as n"
        )
    connection.execute(f"create view candidate.{view} as select id, value, {value} as night from candidate.{tables[0]}")


def in_marts(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    both = " union all ".join(f"select '{name}', id, value from marts.{name}" for name in MARTS)
    return connection.execute(f"{both} order by 1, 2").fetchall()


def publication_is_killed_and_run_again(settings: Settings, doomed: Doomed, at: int) -> None:
    with connect(settings) as connection:
        connection.execute("truncate ops.publications")
        connection.execute("".join(f"drop table if exists marts.{name} cascade;" for name in MARTS[:-1]))
        candidates(connection, 1)
        publish(settings, date(2026, 11, 20), MARTS)
        before = in_marts(connection)
        candidates(connection, 2)
    doomed(settings, at)
    with connect(settings) as connection:
        assert in_marts(connection) == before
        publication_of_the_night(settings)
        wanted = [(name, n, n * 2) for name in MARTS for n in range(2, 12)]
        assert in_marts(connection) == wanted
        published = connection.execute("select business_date from ops.publications order by 1").fetchall()
        assert published == [(date(2026, 11, 20),), (date(2026, 11, 21),)]


@EVERY_PUBLICATION
def test_readers_keep_the_old_night_when_the_session_dies_in_a_publication(
    warehouse: Settings, connection: psycopg.Connection, at: int
) -> None:
    doomed = within(lambda: terminate(connection), PUBLICATION, publication_of_the_night)
    publication_is_killed_and_run_again(warehouse, doomed, at)


@sampled(PUBLICATION, "publish._fit_rows")
def test_readers_keep_the_old_night_when_a_publication_is_killed(warehouse: Settings, at: int) -> None:
    night = date(2026, 11, 21)
    publication_is_killed_and_run_again(
        warehouse, lambda settings, at: run_doomed(settings, "publication", night, at), at
    )


@pytest.mark.battery
@EVERY_PUBLICATION
def test_readers_keep_the_old_night_when_the_server_dies_in_a_publication(durable: Settings, at: int) -> None:
    doomed = within(lambda: stop_at_once(durable), PUBLICATION, publication_of_the_night)
    publication_is_killed_and_run_again(durable, doomed, at)
