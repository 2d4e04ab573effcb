"""The warehouse's schema: numbered SQL files, applied once, in order, each in a transaction of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise

import psycopg

from huitou.errors import UserError

NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
LEDGER = """
create schema if not exists ops;
create table if not exists ops.migrations (
    number     integer primary key,
    name       text not null,
    sha256     text not null,
    applied_at timestamptz not null default clock_timestamp()
);
"""


@dataclass(frozen=True)
class Migration:
    """One file of the folder ``migrations``."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def packaged() -> list[Migration]:
    """The migrations of this version, in order. Raises ``UserError`` on a duplicate or a bad name."""
    folder = resources.files("huitou.warehouse") / "migrations"
    files = (e for e in folder.iterdir() if e.name.endswith(".sql"))
    return ordered((file.name, file.read_text(encoding="utf-8")) for file in files)


def ordered(files: Iterable[tuple[str, str]]) -> list[Migration]:
    """(name, text) pairs in the order of their numbers. Numbers may be left out: rooms keep ranges of their own."""
    found = []
    for name, text in sorted(files):
        match = NAME.fullmatch(name)
        if match is None:
            raise UserError(f"Migration {name} must be named NNNN_name.sql.")
        found.append(Migration(int(match["number"]), name, text))
    for before, migration in pairwise(found):
        if migration.number == before.number:
            raise UserError(f"Migration {migration.name} repeats the number {migration.number:04}.")
    return found


def migrate(connection: psycopg.Connection, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is not applied yet and return its names. Two processes at once both succeed.

    ``connection`` is in autocommit. Raises ``UserError`` where an applied file has changed since, where the
    database is ahead of this version, or where a file fails (nothing of that file is kept).
    """
    wanted = packaged() if migrations is None else migrations
    with one_at_a_time(connection, "huitou.migrate"):
        connection.execute(LEDGER)
        rows = connection.execute("select number, name, sha256 from ops.migrations order by number").fetchall()
        applied = {number: (name, sha256) for number, name, sha256 in rows}
        _refuse_changed_history(applied, wanted)
        pending = [m for m in wanted if m.number not in applied]
        for migration in pending:
            _apply(connection, migration)
    return [m.name for m in pending]


@contextmanager
def one_at_a_time(connection: psycopg.Connection, name: str) -> Iterator[None]:
    """Hold the advisory lock ``name`` of this database for the length of the block."""
    connection.execute("select pg_advisory_lock(hashtext(%s))", (name,))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtext(%s))", (name,))


def _refuse_changed_history(applied: dict[int, tuple[str, str]], wanted: list[Migration]) -> None:
    known = {m.number: m for m in wanted}
    for number, (name, sha256) in applied.items():
        if number not in known:
            raise UserError(
                f"The warehouse has migration {name}, which this version of Huitou does not know: "
                "use the version that made it, or a newer one."
            )
        if known[number].sha256 != sha256:
            raise UserError(
                f"Migration {known[number].name} was changed after it was applied (as {name}): "
                "restore the file and put the change into a new migration."
            )


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.text.encode())
            connection.execute(
                "insert into ops.migrations (number, name, sha256) values (%s, %s, %s)",
                (migration.number, migration.name, migration.sha256),
            )
    except psycopg.Error as error:
        # The detail of a database error may quote a row; the primary message does not.
        reason = error.diag.message_primary or type(error).__name__
        raise UserError(f"Migration {migration.name} failed and left nothing behind: {reason}.") from None
