"""Retention: landed files with personal data go once they are old, loaded and published; their manifest stays."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path

import psycopg

from huitou.settings import Settings
from huitou.sources.contract import Contract, contracts
from huitou.sources.tombstones import personal_columns
from huitou.warehouse.connection import connect

log = logging.getLogger(__name__)

# A file may stand in several lines of the manifest: it goes when the last of them is old. A night's marts are what its
# rows were reconciled with, so the night must have been published.
OLD = """
select f.landed_as
from landing.files as f
where f.landed_as is not null and f.feed = any(%(feeds)s)
group by f.landed_as
having max(f.night) <= %(before)s
    and max(f.night) <= (select max(p.business_date) from ops.publications as p)
"""
KEPT = "select landed_as from landing.files where source = %s and feed = %s and landed_as is not null"
DELETED = "update landing.files set landed_as = null, deleted_on = %s where landed_as = any(%s)"


def personal_feeds() -> dict[str, Contract]:
    """The contracts whose files hold personal data as they were sent."""
    return {name: contract for name, contract in contracts().items() if personal_columns(contract)}


def retire(settings: Settings, business_date: date) -> int:
    """Delete landed files with personal data that are older than the setting, or that no manifest has; how many.

    Safe to repeat.
    """
    before = business_date - timedelta(days=settings.landing_days)
    with connect(settings) as connection:
        rows = connection.execute(OLD, {"feeds": list(personal_feeds()), "before": before}).fetchall()
        paths = [row[0] for row in rows]
        delete_landed(connection, paths, business_date)
        deleted = len(paths) + sum(
            _delete_unknown(connection, folder)
            for feed in personal_feeds()
            for folder in (settings.home / "landing").glob(f"*/{feed}")
        )
    if deleted:
        log.info("retention: %d landed files with personal data deleted", deleted)
    return deleted


def _delete_unknown(connection: psycopg.Connection, folder: Path) -> int:
    """Delete what was landed and then refused, or whose ingest was killed: its source still has it."""
    source, feed = folder.parts[-2:]
    with connection.transaction():
        # While the feed is being loaded, its files are not in the manifest yet.
        free = connection.execute("select pg_try_advisory_xact_lock(hashtext(%s))", (f"huitou.ingest.{feed}",))
        if free.fetchone() != (True,):
            return 0
        kept = {Path(row[0]).name for row in connection.execute(KEPT, (source, feed))}
        # A name with a dot is an extraction under way, which the next night goes on with.
        unknown = [path for path in folder.iterdir() if path.name not in kept and not path.name.startswith(".")]
        for path in unknown:
            path.unlink(missing_ok=True)
    return len(unknown)


def delete_landed(connection: psycopg.Connection, paths: list[str], business_date: date) -> None:
    """The files first: a manifest that says they are gone must be right, whenever this is broken off."""
    for path in paths:
        Path(path).unlink(missing_ok=True)
    connection.execute(DELETED, (business_date, paths))


def delete_held(connection: psycopg.Connection, business_date: date) -> None:
    """Delete the landed files in which this transaction's ingest met erased people: ``held_files``, if there is one."""
    if connection.execute("select to_regclass('pg_temp.held_files')").fetchone() == (None,):
        return
    rows = connection.execute(
        "select distinct f.landed_as from landing.files as f join held_files as h on h._file = f.file_id"
        " where f.landed_as is not null"
    ).fetchall()
    delete_landed(connection, [row[0] for row in rows], business_date)
