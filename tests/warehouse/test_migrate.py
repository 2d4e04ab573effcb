"""Migrations on a database of their own: applied once, whole or not at all, and never rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.migrate import Migration, migrate, ordered, packaged

FIRST = ("0001_first.sql", "create table public.first (n integer); insert into public.first values (1);")
SECOND = ("0002_second.sql", "create table public.second as select n + 1 as n from public.first;")


@pytest.fixture
def empty(server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of a database with nothing in it."""
    name = sql.Identifier("empty_for_migrations")
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(name))
        yield Settings(warehouse_dsn=server.url("empty_for_migrations"))
        admin.execute(sql.SQL("drop database {} with (force)").format(name))


def tables(connection: psycopg.Connection) -> set[str]:
    return {row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'public'")}


@pytest.mark.integration
def test_each_file_is_applied_once_and_recorded(empty: Settings) -> None:
    with connect(empty) as connection:
        assert migrate(connection, ordered([FIRST])) == ["0001_first.sql"]
        assert migrate(connection, ordered([FIRST, SECOND])) == ["0002_second.sql"]
        assert migrate(connection, ordered([FIRST, SECOND])) == []
        assert connection.execute("select n from second").fetchall() == [(2,)]
        recorded = connection.execute("select number, name, sha256 from ops.migrations order by number").fetchall()
    assert recorded == [(m.number, m.name, m.sha256) for m in ordered([FIRST, SECOND])]


@pytest.mark.integration
def test_the_packaged_files_make_every_schema(empty: Settings) -> None:
    with connect(empty) as connection:
        assert migrate(connection) == [m.name for m in packaged()]
        schemas = {row[0] for row in connection.execute("select nspname from pg_namespace")}
    assert schemas >= {"landing", "raw", "quarantine", "staging", "intermediate", "candidate", "marts", "ops", "vault"}


@pytest.mark.integration
def test_a_failing_file_leaves_nothing_and_the_files_before_it_stay(empty: Settings) -> None:
    broken = ("0002_second.sql", "create table public.half (phone text); insert into public.half values (1/0);")
    with connect(empty) as connection:
        with pytest.raises(UserError, match=r"0002_second\.sql failed.*division by zero"):
            migrate(connection, ordered([FIRST, broken]))
        assert tables(connection) == {"first"}
        assert migrate(connection, ordered([FIRST, SECOND])) == ["0002_second.sql"]


@pytest.mark.integration
def test_values_of_rows_are_not_told_when_a_file_fails_on_them(empty: Settings) -> None:
    broken = (
        "0001_first.sql",
        "create table public.p (phone text unique); insert into public.p values ('13800001111'), ('13800001111');",
    )
    with connect(empty) as connection, pytest.raises(UserError) as caught:
        migrate(connection, ordered([broken]))
    assert "duplicate key" in str(caught.value)
    assert "13800001111" not in str(caught.value)


@pytest.mark.integration
def test_a_changed_file_is_named_when_it_was_applied_before(empty: Settings) -> None:
    with connect(empty) as connection:
        migrate(connection, ordered([FIRST]))
        with pytest.raises(UserError, match=r"0001_first\.sql was changed after it was applied"):
            migrate(connection, ordered([("0001_first.sql", FIRST[1] + "\n"), SECOND]))
        assert tables(connection) == {"first"}


@pytest.mark.integration
def test_a_database_that_is_ahead_is_refused(empty: Settings) -> None:
    with connect(empty) as connection:
        migrate(connection, ordered([FIRST, SECOND]))
        with pytest.raises(UserError, match=r"0002_second\.sql, which this version of Huitou does not know"):
            migrate(connection, ordered([FIRST]))


@pytest.mark.integration
def test_both_succeed_when_two_migrate_at_once(empty: Settings) -> None:
    slow = ("0001_first.sql", f"select pg_sleep(0.3); {FIRST[1]}")

    def run(_: int) -> list[str]:
        with connect(empty) as connection:
            return migrate(connection, ordered([slow, SECOND]))

    with ThreadPoolExecutor(4) as pool:
        applied = sorted(pool.map(run, range(4)))
    assert applied == [[], [], [], ["0001_first.sql", "0002_second.sql"]]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["0001_a.sql", "0001_b.sql"], "0001_b.sql repeats the number 0001"),
        (["1_a.sql"], "1_a.sql must be named"),
        (["0001_A.sql"], "0001_A.sql must be named"),
    ],
)
def test_a_wrong_series_of_files_is_refused(names: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        ordered([(name, "select 1") for name in names])


def test_files_are_ordered_by_number_when_they_come_in_any_order() -> None:
    assert ordered([SECOND, FIRST]) == [Migration(1, *FIRST), Migration(2, *SECOND)]


def test_the_packaged_series_starts_with_what_was_released_first() -> None:
    assert [m.number for m in packaged()][:4] == [1, 2, 3, 4]
