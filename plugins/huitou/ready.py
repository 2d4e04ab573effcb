"""One call that makes the warehouse usable: server up, schema current, raw tables there."""

from __future__ import annotations

import hashlib
from importlib import resources

import psycopg

from huitou.settings import Settings
from huitou.sources.raw_tables import ensure_raw_tables
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.migrate import migrate, one_at_a_time

SHAPES = (("huitou.warehouse", "migrations", ".sql"), ("huitou.sources", "contracts", ".yml"))
RECORD = """
create table if not exists ops.readiness (
    only_row    boolean primary key default true check (only_row),
    fingerprint text not null
)
"""


def ensure_ready(settings: Settings) -> None:
    """Start the embedded server where it is the warehouse, apply migrations, create and widen raw tables.

    Costs milliseconds when all is current, and may run in many processes at once. Raises ``UserError`` or
    ``TransientError`` as its parts do.
    """
    if settings.warehouse_dsn is None:
        EmbeddedServer(settings).start()
    wanted = fingerprint()
    with connect(settings) as connection:
        if _recorded(connection) == wanted:
            return
        with one_at_a_time(connection, "huitou.ready"):
            migrate(connection)
            ensure_raw_tables(connection)
            connection.execute(RECORD)
            connection.execute(
                "insert into ops.readiness (fingerprint) values (%s) "
                "on conflict (only_row) do update set fingerprint = excluded.fingerprint",
                (wanted,),
            )


def fingerprint() -> str:
    """SHA-256 over the files that shape the warehouse; as text, because parsing them would take longer."""
    digest = hashlib.sha256()
    for package, folder, suffix in SHAPES:
        entries = (e for e in (resources.files(package) / folder).iterdir() if e.name.endswith(suffix))
        for entry in sorted(entries, key=lambda e: e.name):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes() + b"\0")
    return digest.hexdigest()


def _recorded(connection: psycopg.Connection) -> str | None:
    try:
        row = connection.execute("select fingerprint from ops.readiness").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return row[0] if row else None
