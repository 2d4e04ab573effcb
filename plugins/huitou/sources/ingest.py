"""Ingest: one feed for one business date, files as sent to raw rows, in one transaction.

Every row of every file ends as loaded, duplicate or quarantined, and the manifest that says so commits with the
rows. Running it again finds the manifest and changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date

import psycopg

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources import drift, settle
from huitou.sources.batch_tables import make_tables
from huitou.sources.connectors import connector
from huitou.sources.feeds import Feed, SourceSet, load_source_set
from huitou.sources.files import LandedFile, SourceFile
from huitou.sources.personal import Sealer
from huitou.sources.plain import plain_cast
from huitou.sources.reading import mapping_of
from huitou.sources.release import recheck_where_reading_changed
from huitou.sources.stage import stage
from huitou.sources.tombstones import has_erased_accounts
from huitou.warehouse.connection import connect
from huitou.warehouse.steps import step
from huitou.warehouse.vault import Vault

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestResult:
    """What became of the rows of a feed's files: ``seen = loaded + duplicate + quarantined``."""

    feed: str
    business_date: date
    files: int
    seen: int
    loaded: int
    duplicate: int
    quarantined: int
    ahead: int
    new_columns: list[str] = field(default_factory=list)


def ingest(settings: Settings, feed: str, business_date: date) -> IngestResult:
    """Load what the feed's files hold up to ``business_date``.

    Raises ``UserError`` for a set, file or column that is not right, ``TransientError`` where the night's file is
    not there yet. In both cases nothing was loaded.
    """
    source_set = load_source_set(settings)
    spec = source_set.feed(feed)
    with connect(settings) as connection, step(connection, business_date, f"ingest.{feed}") as detail:
        result = _ingest(connection, settings, source_set, spec, business_date)
        detail.update(
            files=result.files,
            seen=result.seen,
            loaded=result.loaded,
            duplicate=result.duplicate,
            quarantined=result.quarantined,
            ahead=result.ahead,
            new_columns=result.new_columns,
        )
    if result.new_columns:
        log.warning("%s: columns that no mapping reads: %s", feed, drift.shortened(result.new_columns))
    return result


def _ingest(
    connection: psycopg.Connection, settings: Settings, source_set: SourceSet, feed: Feed, night: date
) -> IngestResult:
    found = connector(feed).find(settings, source_set, feed.on(night), night)
    new_columns: set[str] = set()
    for reading, files in feed.by_reading(found, lambda file: file.business_date):
        new_columns |= _take_in(connection, settings, source_set, reading, night, files)
    recheck_where_reading_changed(connection, settings, source_set, feed)
    return _result(connection, source_set, feed, night, sorted(new_columns))


def _take_in(
    connection: psycopg.Connection,
    settings: Settings,
    source_set: SourceSet,
    feed: Feed,
    night: date,
    found: list[SourceFile],
) -> set[str]:
    """Load the files that are new; all of them are read by one mapping. Returns the columns that it does not read."""
    source = connector(feed)
    folder = settings.home / "landing" / source_set.name / feed.feed
    with connection.transaction():
        # One writer a feed: two that start together load one after the other, and the second finds it all done.
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"huitou.ingest.{feed.feed}",))
        fresh = [file for file in found if not _is_known(connection, source_set, feed, file, night)]
        landed = [source.land(settings, source_set, feed, file, folder) for file in fresh]
        landed = [file for file in landed if not _has_content(connection, source_set, feed, file)]
        return _load(connection, settings, source_set, feed, night, landed) if landed else set()


def _is_known(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, file: SourceFile, night: date) -> bool:
    """The manifest has this very file; a mended mapping counts only for the night that is asked for."""
    row = connection.execute(
        "select mapping_sha256 from landing.files where source = %s and feed = %s and business_date = %s"
        " and name = %s and stamp = %s",
        (source_set.name, feed.feed, file.business_date, file.name, file.stamp),
    ).fetchone()
    return row is not None and (row[0] == mapping_of(feed, source_set) or file.business_date != night)


def _has_content(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, file: LandedFile) -> bool:
    row = connection.execute(
        "update landing.files set stamp = %s where source = %s and feed = %s and business_date = %s and name = %s"
        " and sha256 = %s and mapping_sha256 = %s returning file_id",
        (
            file.origin.stamp,
            source_set.name,
            feed.feed,
            file.origin.business_date,
            file.origin.name,
            file.sha256,
            mapping_of(feed, source_set),
        ),
    ).fetchone()
    return row is not None


def _load(
    connection: psycopg.Connection,
    settings: Settings,
    source_set: SourceSet,
    feed: Feed,
    night: date,
    landed: list[LandedFile],
) -> set[str]:
    mapping = mapping_of(feed, source_set)
    make_tables(connection, feed)
    settle.forget(connection, source_set, feed, landed, mapping)
    ids = [row[0] for row in connection.execute(settle.NEXT_FILE_IDS, (len(landed),))]
    files = dict(zip(ids, landed, strict=True))
    settle.list_files(connection, source_set, feed, files)
    sealer = Sealer(Vault.for_warehouse(settings, connection), feed, source_set.country)
    plain = None
    if not has_erased_accounts(connection, source_set, feed):
        plain = plain_cast(feed, source_set.time_zone, source_set.base_currency)
    try:
        staged = stage(connection, feed, files, sealer, plain, night)
        settle.settle(connection, source_set, feed, night, mapping, sealer)
    except psycopg.errors.DiskFull:
        raise UserError("The warehouse's disk is full: free some space and run the night again.") from None
    return set(drift.record(connection, source_set, feed, staged.differences))


def _result(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date, new_columns: list[str]
) -> IngestResult:
    row = connection.execute(
        "select count(*), coalesce(sum(rows_seen), 0), coalesce(sum(loaded), 0), coalesce(sum(duplicate), 0),"
        " coalesce(sum(quarantined), 0), coalesce(sum(ahead), 0)"
        " from landing.files where source = %s and feed = %s and night = %s",
        (source_set.name, feed.feed, night),
    ).fetchone()
    assert row is not None
    files, seen, loaded, duplicate, quarantined, ahead = map(int, row)
    return IngestResult(feed.feed, night, files, seen, loaded, duplicate, quarantined, ahead, new_columns)
