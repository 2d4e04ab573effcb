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
DELETED = "update landing.files set landed_as = null, deleted_on = %s where landed_as = any(%s)"


def personal_feeds() -> dict[str, Contract]:
    """The contracts whose files hold personal data as they were sent."""
    return {name: contract for name, contract in contracts().items() if personal_columns(contract)}


def retire(settings: Settings, business_date: date) -> int:
    """Delete landed files with personal data that are older than the setting; how many. Safe to repeat."""
    before = business_date - timedelta(days=settings.landing_days)
    with connect(settings) as connection:
        rows = connection.execute(OLD, {"feeds": list(personal_feeds()), "before": before}).fetchall()
        paths = [row[0] for row in rows]
        delete_landed(connection, paths, business_date)
    if paths:
        log.info("retention: %d landed files with personal data deleted", len(paths))
    return len(paths)


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
