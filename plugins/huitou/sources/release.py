"""Release from quarantine: a row is judged again under today's mapping and contract, and loads as if it had come right.

It goes through the same cast, judgement and load as on its first night, and keeps its file, line and business date.
Rows, sums, manifest and case commit together, so ``seen = loaded + duplicate + quarantined`` holds at every moment.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from huitou.settings import Settings
from huitou.sources import cases, changes, settle, sums
from huitou.sources.batch_tables import make_tables
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.identity import identify
from huitou.sources.load import load_rows
from huitou.sources.originals import KeptRow, Originals
from huitou.sources.personal import Sealer
from huitou.sources.reading import reading_of
from huitou.sources.stage import stage_text
from huitou.sources.tombstones import leave_out_erased
from huitou.warehouse.vault import Vault

log = logging.getLogger(__name__)
READ_ANEW = "mapping or contract changed"

KEPT = """
select q.quarantine_id, q.file_id, q.line, q.row, q.reasons, f.landed_as, f.sha256, h.columns as header
from quarantine.rows as q join landing.files as f using (file_id) left join landing.headers as h using (file_id)
where q.quarantine_id = any(%(ids)s) and q.state = 'open'
order by q.file_id, q.line for update of q, f
"""
ARRIVED = """
insert into arrived (file_id, name, business_date, sha256, bytes, stamp, landed_as)
select file_id, name, business_date, sha256, bytes, stamp, landed_as from landing.files where file_id = any(%s)
"""
CHOSEN = """
create temp table chosen on commit drop as
select quarantine_id, file_id as _file, line as _line, business_date as day, figures from quarantine.rows
where quarantine_id = any(%s)
"""
# Whoever is judged again is no rival of itself; quarantine_rows writes it anew where it still is one.
NO_RIVAL = "delete from quarantine.conflicts where quarantine_id in (select quarantine_id from chosen)"
REVIEWED = """
create temp table reviewed on commit drop as
select c.quarantine_id, c._file as file_id, j._day as day, j._verdict as verdict, {figures} as figures,
    case j._verdict when 'conflict' then array[{conflict}] else '{{}}' end as reasons
from judged as j join chosen as c using (_file, _line)
union all
select c.quarantine_id, c._file, coalesce(b._day, a.business_date), 'quarantined', b._figures, b._reasons
from refused as b join chosen as c using (_file, _line) join arrived as a on a.file_id = b._file
union all
select c.quarantine_id, c._file, a.business_date, 'quarantined', '{{}}', array[u.reason]
from unreadable as u join chosen as c using (_file, _line) join arrived as a on a.file_id = u._file
union all
select c.quarantine_id, c._file, c.day, 'ahead', c.figures, array['ahead']
from staged as s join chosen as c using (_file, _line)
where not exists (select from typed as t where t._file = s._file and t._line = s._line)
    and not exists (select from refused as b where b._file = s._file and b._line = s._line)
"""
SHIFTED: LiteralString = """
select r.file_id, c.day, 'quarantined', c.figures, -1 from reviewed as r join chosen as c using (quarantine_id)
union all
select file_id, day, case when verdict in ('loaded', 'duplicate') then verdict else 'quarantined' end, figures, 1
from reviewed
"""
MANIFEST = """
update landing.files as f
set quarantined = f.quarantined - r.loaded - r.duplicate, loaded = f.loaded + r.loaded,
    duplicate = f.duplicate + r.duplicate
from (
    select file_id, count(*) filter (where verdict = 'loaded') as loaded,
        count(*) filter (where verdict = 'duplicate') as duplicate
    from reviewed group by file_id
) as r
where r.file_id = f.file_id
"""
CLOSED = """
update quarantine.rows as q
set state = 'released', closed_how = 'recheck', closed_on = greatest(%s, q.business_date),
    closed_by_file = q.file_id, closed_by_line = q.line
from reviewed as r where r.quarantine_id = q.quarantine_id and r.verdict in ('loaded', 'duplicate')
"""
STILL_BAD = """
update quarantine.rows as q set reasons = r.reasons, business_date = r.day
from reviewed as r where r.quarantine_id = q.quarantine_id and r.verdict not in ('loaded', 'duplicate')
"""
ACTIONS = """
insert into quarantine.actions (quarantine_id, source, feed, file, line, action, by_whom, because, reasons)
select q.quarantine_id, q.source, q.feed, f.name, q.line,
    case when q.state = 'released' then 'released' else 'still_bad' end, %(who)s, %(because)s, q.reasons
from quarantine.rows as q join landing.files as f using (file_id)
where q.quarantine_id in (select quarantine_id from reviewed)
"""


@dataclass(frozen=True)
class Review:
    """What became of one row: released (``loaded`` or ``duplicate``), or still open with these reasons."""

    quarantine_id: int
    outcome: str
    reasons: list[str]


def recheck(
    connection: psycopg.Connection,
    settings: Settings,
    source_set: SourceSet,
    feed: Feed,
    ids: list[int],
    who: str,
    because: str,
) -> list[Review]:
    """Judge the open rows of ``ids``, all of this feed, again; load what is right now. One transaction a mapping.

    A row whose text is nowhere any more, or whose file cannot be read as the feed file says now, stays as it was.
    """
    days = connection.execute(
        "select quarantine_id, f.business_date from quarantine.rows join landing.files as f using (file_id)"
        " where quarantine_id = any(%s) order by 1",
        (ids,),
    ).fetchall()
    reviews: list[Review] = []
    for reading, rows in feed.by_reading(days, lambda row: row[1]):
        chosen = [number for number, _ in rows]
        reviews += _recheck(connection, settings, source_set, reading, chosen, who, because)
    return reviews


def _recheck(
    connection: psycopg.Connection,
    settings: Settings,
    source_set: SourceSet,
    feed: Feed,
    ids: list[int],
    who: str,
    because: str,
) -> list[Review]:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"huitou.ingest.{feed.feed}",))
        with connection.cursor(row_factory=class_row(KeptRow)) as cursor:
            kept = cursor.execute(KEPT, {"ids": ids}).fetchall()
        if not kept:
            return []
        make_tables(connection, feed)
        vault = Vault.for_warehouse(settings, connection)
        sealer = Sealer(vault, feed, source_set.country)
        originals = Originals(connection, vault, feed, _private(settings.home / "landing"))
        _stage(connection, source_set, feed, kept, originals, sealer)
        night = _newest_night(connection, source_set, feed)
        settle.type_rows(connection, source_set, feed, night)
        for table in ("staged", "typed", "refused", "unreadable"):
            connection.execute(
                sql.SQL("delete from {} where (_file, _line) not in (select _file, _line from chosen)").format(
                    sql.Identifier(table)
                )
            )
        load_rows(connection, source_set, feed)
        changes.note_rows(connection, source_set, feed)
        settle.send_for_rows(connection, source_set, feed, sealer)
        settle.quarantine_rows(connection, source_set, feed)
        cases.note(connection, source_set, feed)
        _review(connection, feed, night, {"who": who, "because": because})
        identify(connection, source_set, feed.contract)
        _judged_by(connection, source_set, feed, [row.quarantine_id for row in kept])
        cases.close_sent_right(connection, source_set, feed.contract)
        return _reviews(connection, originals.lost)


def recheck_where_reading_changed(
    connection: psycopg.Connection, settings: Settings, source_set: SourceSet, feed: Feed
) -> None:
    """Judge the feed's open rows again that another mapping or contract had judged. Costs one look where none has."""
    readings = [(until, reading_of(reading, source_set)) for until, reading in feed.readings]
    rows = connection.execute(
        "select q.quarantine_id from quarantine.rows as q join landing.files as f using (file_id)"
        " where q.source = %s and q.feed = %s and q.state = 'open' and q.judged_by is distinct from ("
        " select r.reading from unnest(%s::date[], %s::text[]) as r (until, reading)"
        " where f.business_date <= r.until order by r.until limit 1) order by 1",
        (source_set.name, feed.feed, [until for until, _ in readings], [reading for _, reading in readings]),
    ).fetchall()
    if not rows:
        return
    ids = [row[0] for row in rows]
    reviews = recheck(connection, settings, source_set, feed, ids, cases.NIGHTLY, READ_ANEW)
    released = sum(review.outcome in ("loaded", "duplicate") for review in reviews)
    log.info("%s: %s; %d of %d open rows are released", feed.feed, READ_ANEW, released, len(ids))


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _stage(
    connection: psycopg.Connection,
    source_set: SourceSet,
    feed: Feed,
    kept: list[KeptRow],
    originals: Originals,
    sealer: Sealer,
) -> None:
    """Fill the tables of an ingest with the rows as sent.

    ``known_bad`` stays empty: what it would count as a duplicate is what is judged here.
    """
    connection.execute(ARRIVED, (sorted({row.file_id for row in kept}),))
    connection.execute(CHOSEN, ([row.quarantine_id for row in kept],))
    connection.execute(NO_RIVAL)
    stage_text(connection, feed, originals.batches(kept), sealer)
    leave_out_erased(connection, source_set, feed)


def _newest_night(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> date:
    row = connection.execute(
        "select max(night) from landing.files where source = %s and feed = %s", (source_set.name, feed.feed)
    ).fetchone()
    assert row is not None
    night: date = row[0]
    return night


def _review(connection: psycopg.Connection, feed: Feed, night: date, act: dict[str, str]) -> None:
    """Put the verdicts into the sums, the manifest and the cases, and write down who had it done."""
    connection.execute(
        sql.SQL(REVIEWED).format(
            figures=sums.figures(feed.contract, "j"),
            conflict=sql.Literal("conflict:" + "+".join(feed.contract.key)),
        )
    )
    sums.shift(connection, SHIFTED)
    connection.execute(MANIFEST)
    connection.execute(CLOSED, (night,))
    connection.execute(STILL_BAD)
    connection.execute(ACTIONS, act)


def _judged_by(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, ids: list[int]) -> None:
    connection.execute(
        "update quarantine.rows set judged_by = %s where quarantine_id = any(%s)",
        (reading_of(feed, source_set), ids),
    )


def _reviews(connection: psycopg.Connection, lost: dict[int, str]) -> list[Review]:
    rows = connection.execute(
        "select c.quarantine_id, coalesce(r.verdict, 'not_found'), coalesce(r.reasons, '{}')"
        " from chosen as c left join reviewed as r using (quarantine_id) order by 1"
    ).fetchall()
    gone = "its line is not in the file as it is read now"
    return [
        Review(number, verdict, [lost.get(number, gone)] if verdict == "not_found" else reasons)
        for number, verdict, reasons in rows
    ]
