"""Killed at each step of ingest and of publication, and run again: nothing lost, nothing twice."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from factories.arrivals import DAYS, clear, made_drops, outcome
from factories.feeds import ORDERS, SourceFactory
from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.sources import files, load, settle
from huitou.sources import ingest as ingesting
from huitou.sources.ingest import ingest
from huitou.warehouse import publish as publishing
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.publish import publish

pytestmark = pytest.mark.integration

# Every step of an ingest, in its order; each is killed when it is done and the next has not begun.
INGEST_STEPS: tuple[tuple[ModuleType, str], ...] = (
    (files, "land"),
    (ingesting, "make_tables"),
    (settle, "forget"),
    (settle, "list_files"),
    (ingesting, "stage"),
    (settle, "leave_out_erased"),
    (settle, "type_rows"),
    (load, "settle_conflicts"),
    (settle, "load_rows"),
    (settle, "stage_again"),
    (settle, "send_for_rows"),
    (settle, "quarantine_rows"),
    (settle, "identify"),
    (settle, "record_files"),
    (ingesting, "_load"),
)
PUBLICATION_STEPS: tuple[tuple[ModuleType, str], ...] = tuple(
    (publishing, name) for name in ("_fit_table", "_fit_rows", "_fit_rules", "_replace")
)
NAMES = [name for _, name in INGEST_STEPS]
SEED, NIGHT = 3, 8
Kill = Callable[[], None]


class Killed(Exception):
    """What the test raises where the killed session itself was not asked again."""


def kill_after(patch: pytest.MonkeyPatch, module: ModuleType, name: str, kill: Kill) -> None:
    """Have ``kill`` follow the step, once."""
    real = getattr(module, name)

    def dying(*arguments: Any, **options: Any) -> Any:
        real(*arguments, **options)
        kill()
        session = next((a for a in arguments if isinstance(a, psycopg.Connection)), None)
        if session is not None:
            session.execute("select 1")
        raise Killed(name)

    patch.setattr(module, name, dying)


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


def is_killed_and_run_again(
    shop: SourceFactory, session: Callable[[], psycopg.Connection], kill: Kill, at: int
) -> None:
    with session() as connection:
        before = outcome(connection)
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, *INGEST_STEPS[at], kill)
        with pytest.raises((psycopg.OperationalError, Killed)):
            ingest(shop.settings, "orders", DAYS[NIGHT])
    with session() as connection:
        assert outcome(connection) == before
        first = ingest(shop.settings, "orders", DAYS[NIGHT])
        after = outcome(connection)
        assert ingest(shop.settings, "orders", DAYS[NIGHT]) == first
        assert outcome(connection) == after
        assert after != before
        clear(connection)
        ingest(shop.settings, "orders", DAYS[NIGHT])
        assert {name: after[name] for name in ("raw", "quarantine")} == {
            name: rows for name, rows in outcome(connection).items() if name != "totals"
        }


@pytest.mark.parametrize("at", range(len(INGEST_STEPS)), ids=NAMES)
def test_an_ingest_whose_session_dies_leaves_nothing_and_is_run_again(
    warehouse: Settings, connection: psycopg.Connection, tmp_path: Path, at: int
) -> None:
    shop = a_shop(warehouse, tmp_path / "shop")
    is_killed_and_run_again(shop, lambda: connect(warehouse), lambda: terminate(connection), at)


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
@pytest.mark.parametrize("at", range(len(INGEST_STEPS)), ids=NAMES)
def test_an_ingest_whose_server_dies_leaves_nothing_and_is_run_again(
    durable: Settings, tmp_path: Path, at: int
) -> None:
    with connect(durable) as connection:
        clear(connection)
    shop = a_shop(durable, tmp_path / "shop")
    is_killed_and_run_again(shop, lambda: connect(durable), lambda: stop_at_once(durable), at)


MARTS = ("first_mart", "second_mart")


def candidates(connection: psycopg.Connection, value: int) -> None:
    for name in MARTS:
        connection.execute(
            f"drop table if exists candidate.{name};"
            f"create table candidate.{name} (id integer primary key, value integer not null);"
            f"insert into candidate.{name} select n, n * {value} from generate_series({value}, {value} + 9) as n"
        )


def in_marts(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    both = " union all ".join(f"select '{name}', id, value from marts.{name}" for name in MARTS)
    return connection.execute(f"{both} order by 1, 2").fetchall()


def publication_is_killed_and_run_again(settings: Settings, kill: Kill, at: int) -> None:
    with connect(settings) as connection:
        candidates(connection, 1)
        publish(settings, date(2026, 11, 20), MARTS)
        before = in_marts(connection)
        candidates(connection, 2)
    with pytest.MonkeyPatch.context() as patch:
        kill_after(patch, *PUBLICATION_STEPS[at], kill)
        with pytest.raises((psycopg.OperationalError, Killed)):
            publish(settings, date(2026, 11, 21), MARTS)
    with connect(settings) as connection:
        assert in_marts(connection) == before
        publish(settings, date(2026, 11, 21), MARTS)
        wanted = [(name, n, n * 2) for name in MARTS for n in range(2, 12)]
        assert in_marts(connection) == wanted
        published = connection.execute("select business_date from ops.publications order by 1").fetchall()
        assert published[-2:] == [(date(2026, 11, 20),), (date(2026, 11, 21),)]


@pytest.mark.parametrize("at", range(len(PUBLICATION_STEPS)), ids=[name for _, name in PUBLICATION_STEPS])
def test_readers_keep_the_old_night_when_a_publication_dies(
    warehouse: Settings, connection: psycopg.Connection, at: int
) -> None:
    publication_is_killed_and_run_again(warehouse, lambda: terminate(connection), at)


@pytest.mark.battery
@pytest.mark.parametrize("at", range(len(PUBLICATION_STEPS)), ids=[name for _, name in PUBLICATION_STEPS])
def test_readers_keep_the_old_night_when_the_server_dies_in_a_publication(durable: Settings, at: int) -> None:
    with connect(durable) as connection:
        connection.execute("truncate ops.publications")
        for name in MARTS:
            connection.execute(f"drop table if exists marts.{name}")
    publication_is_killed_and_run_again(durable, lambda: stop_at_once(durable), at)
