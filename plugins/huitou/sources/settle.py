"""The verdict on every row of a batch, and the rows' way to raw, to quarantine and into the manifest.

Each step works in the tables of ``batch_tables`` and may be called by itself, in this order, inside one transaction.
"""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from huitou.errors import UserError
from huitou.sources import cases, changes, sums
from huitou.sources.cast import staged_name, typed_columns, typed_query
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.files import LandedFile
from huitou.sources.fragments import fragments
from huitou.sources.identity import identify, remember_forgotten
from huitou.sources.load import load_rows
from huitou.sources.personal import EMAIL_PATTERN, MOBILE_PATTERN, Sealer
from huitou.sources.raw_tables import forget_files
from huitou.sources.retention import delete_held
from huitou.sources.stage import stage_again
from huitou.sources.tombstones import leave_out_erased

log = logging.getLogger(__name__)

NEXT_FILE_IDS = "select nextval(pg_get_serial_sequence('landing.files', 'file_id')) from generate_series(1, %s)"


def settle(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date, mapping_sha256: str, sealer: Sealer
) -> None:
    """Judge what ``list_files`` and ``stage`` put into the batch's tables, and put each row where it belongs."""
    leave_out_erased(connection, source_set, feed)
    type_rows(connection, source_set, feed, night)
    load_rows(connection, source_set, feed)
    sums.record(connection, feed)
    send_for_rows(connection, source_set, feed, sealer)
    quarantine_rows(connection, source_set, feed)
    cases.note(connection, source_set, feed)
    identify(connection, source_set, feed.contract)
    record_files(connection, source_set, feed, night, mapping_sha256)
    changes.note_files(connection, feed.contract)
    cases.close_sent_right(connection, source_set, feed.contract)
    delete_held(connection, night)


def forget(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, landed: list[LandedFile], mapping_sha256: str
) -> None:
    """Take back what an earlier mapping read from the same files: the new reading replaces it.

    ``orphans`` notes the keys whose rivals in quarantine lose the row that had displaced them.
    """
    parts = fragments(source_set, feed)
    for file in landed:
        old = connection.execute(
            "delete from landing.files where source = %s and feed = %s and name = %s and sha256 = %s"
            " and mapping_sha256 <> %s returning file_id",
            (source_set.name, feed.feed, file.origin.name, file.sha256, mapping_sha256),
        ).fetchall()
        ids = [row[0] for row in old]
        remember_forgotten(connection, feed.contract, ids)
        connection.execute(
            sql.SQL(
                "insert into orphans select {r_key}, r._version from {table} as r"
                " join quarantine.conflicts as k on k.source = {source} and k.feed = {feed}"
                " and k.key = jsonb_build_array({r_key}) and k.version = r._version where r._file_id = any(%s)"
            ).format(**parts),
            (ids,),
        )
        forget_files(connection, feed.contract, ids)


def list_files(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, files: dict[int, LandedFile]) -> None:
    """Fill ``arrived`` with the files, by id, and ``known_bad`` with what quarantine has of the same bytes."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into arrived (file_id, name, business_date, sha256, bytes, stamp, landed_as)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (i, f.origin.name, f.origin.business_date, f.sha256, f.bytes, f.origin.stamp, str(f.path))
                for i, f in files.items()
            ],
        )
    # A file that holds all dates is read every night: what of it is in quarantine already is not put there again.
    connection.execute(
        "insert into known_bad select distinct a.file_id, q.line from arrived as a"
        " join landing.files as f on f.sha256 = a.sha256 and f.name = a.name and f.source = %s and f.feed = %s"
        " join quarantine.rows as q on q.file_id = f.file_id",
        (source_set.name, feed.feed),
    )


def type_rows(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date) -> None:
    """Cast the rows of ``staged`` into ``typed``; those that fail go to ``refused``, later days to ``ahead``."""
    contract = feed.contract
    day, day_reason = _own_day(feed)
    keep = {"_file": sql.SQL("s._file"), "_line": sql.SQL("s._line"), "_day": day, "_day_reason": day_reason}
    # A record without a version never changes: the same key with other content is a conflict.
    version: sql.Composable = sql.SQL("'epoch'::timestamptz")
    if contract.version:
        version = sql.SQL("coalesce({}, _day::timestamp at time zone 'UTC')").format(sql.Identifier(contract.version))
    connection.execute(
        sql.SQL(
            """
            with rows as materialized (
                select *, coalesce(_day > {night}, false) as _ahead,
                    _reasons || array_remove(array[_day_reason], null) as _all_reasons
                from ({cast}) as sent
            ), good as (
                insert into typed (_file, _line, _day, _version, {columns})
                select _file, _line, _day, {version}, {columns} from rows
                where not _ahead and cardinality(_all_reasons) = 0
            ), bad as (
                insert into refused select _file, _line, _day, _all_reasons, {key}, {known_version}, {figures} from rows
                where not _ahead and cardinality(_all_reasons) > 0
            )
            insert into ahead select _file, count(*) from rows where _ahead group by _file
            """
        ).format(
            night=sql.Literal(night),
            version=version,
            columns=fragments(source_set, feed)["columns"],
            key=cases.key_of(contract, "rows"),
            known_version=cases.version_of(contract, "rows"),
            figures=sums.figures(contract, "rows"),
            cast=typed_query(
                typed_columns(feed, source_set.time_zone, source_set.base_currency),
                keep,
                sql.SQL("staged as s join arrived as a on a.file_id = s._file"),
            ),
        )
    )


def _own_day(feed: Feed) -> tuple[sql.Composable, sql.Composable]:
    """(the business date of a row, the reason where a file of all dates does not tell it)."""
    if not feed.files.date_column:
        return sql.SQL("a.business_date"), sql.SQL("null::text")
    text = sql.SQL("left(btrim({}), 10)").format(sql.Identifier(staged_name(feed, feed.files.date_column)))
    valid = sql.SQL(
        "(case when {t} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' then pg_input_is_valid({t}, 'date') end)"
    ).format(t=text)
    day = sql.SQL("(case when {v} then ({t})::date end)").format(v=valid, t=text)
    code = sql.Literal(f"not_a_date:{feed.files.date_column}")
    return day, sql.SQL("case when {} is not true then {} end").format(valid, code)


def send_for_rows(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, sealer: Sealer) -> None:
    """Put the rows of ``displaced`` into ``staged`` as they were sent; their files are read in landing once more.

    A row whose file is no longer there goes to quarantine by what raw knew of it.
    """
    wanted = connection.execute(
        "select d._file, coalesce(a.landed_as, f.landed_as), array_agg(d._line)"
        " from displaced as d left join arrived as a on a.file_id = d._file"
        " left join landing.files as f on f.file_id = d._file"
        " where not exists (select from staged as s where s._file = d._file and s._line = d._line)"
        " and coalesce(a.landed_as, f.landed_as) is not null group by 1, 2"
    ).fetchall()
    for file_id, landed_as, lines in wanted:
        try:
            stage_again(connection, feed, file_id, Path(landed_as), lines, sealer)
        except UserError as error:
            log.warning("%s: %d rows go to quarantine without the text that was sent: %s", feed.feed, len(lines), error)
    if wanted:
        leave_out_erased(connection, source_set, feed)


def quarantine_rows(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    """Put ``refused``, ``displaced`` and ``unreadable`` into quarantine, each row as it was sent."""
    parts = {**fragments(source_set, feed), "masked": _as_sent(feed)}
    parts["conflict"] = sql.Literal("conflict:" + "+".join(feed.contract.key))
    connection.execute(sql.SQL(_TO_QUARANTINE).format(**parts))
    connection.execute(
        sql.SQL(
            "insert into quarantine.conflicts select q.quarantine_id, {source}, {feed}, d._key, d._version, d._content"
            " from displaced as d join quarantine.rows as q on q.file_id = d._file and q.line = d._line"
        ).format(**parts)
    )


_TO_QUARANTINE = """
insert into quarantine.rows as q (source, feed, business_date, file_id, line, reasons, row)
select {source}, {feed}, coalesce(b._day, a.business_date), b._file, b._line, b._reasons, {masked}
from refused as b
join arrived as a on a.file_id = b._file
join staged as s on s._file = b._file and s._line = b._line
where not exists (select from known_bad as k where k._file = b._file and k._line = b._line)
union all
select {source}, {feed}, d._day, d._file, d._line, array[{conflict}],
    case when s._file is null then d._content else {masked} end
from displaced as d left join staged as s on s._file = d._file and s._line = d._line
union all
select {source}, {feed}, a.business_date, u._file, u._line, array[u.reason], jsonb_build_object('sealed', u.reference)
from unreadable as u
join arrived as a on a.file_id = u._file
where not exists (select from known_bad as k where k._file = u._file and k._line = u._line)
order by 4, 5
on conflict (file_id, line) do update set reasons = excluded.reasons, row = excluded.row, state = 'open'
"""


def _as_sent(feed: Feed) -> sql.Composable:
    """The staged row as it came, by the source's own column names.

    A phone number or an address may stand in a column that it is not of. Contact points are hashes already.
    """
    columns = feed.contract.columns
    hashed = {mapping.source for name, mapping in feed.columns.items() if columns[name].is_contact}
    pairs = []
    for name in feed.source_columns:
        value: sql.Composable = sql.Identifier("s", staged_name(feed, name))
        pairs.append(sql.SQL("{}, {}").format(sql.Literal(name), value if name in hashed else _masked(value)))
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))


def _masked(value: sql.Composable) -> sql.Composable:
    masked = sql.SQL("regexp_replace({}, {}, '[e-mail]', 'g')").format(value, sql.Literal(EMAIL_PATTERN))
    for _ in range(2):
        masked = sql.SQL(r"regexp_replace({}, {}, '\1[phone]\2', 'g')").format(masked, sql.Literal(MOBILE_PATTERN))
    return masked


def record_files(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date, mapping_sha256: str
) -> None:
    """Write the manifest of ``arrived``: what became of every row."""
    connection.execute(
        _RECORD, {"source": source_set.name, "feed": feed.feed, "night": night, "mapping": mapping_sha256}
    )


_RECORD = """
insert into landing.files (file_id, source, feed, business_date, night, name, sha256, bytes, stamp,
    mapping_sha256, landed_as, encoding, rows_seen, loaded, duplicate, quarantined, ahead)
overriding system value
with counts as (
    select _file, count(*) as seen, 0 as duplicate, 0 as quarantined, 0 as ahead from typed group by _file
    union all
    select _file, 0, count(*) filter (where _verdict = 'duplicate'), count(*) filter (where _verdict = 'conflict'), 0
    from verdicts group by _file
    union all
    select b._file, count(*), count(k._line), count(*) - count(k._line), 0
    from (select _file, _line from refused union all select _file, _line from unreadable) as b
    left join known_bad as k using (_file, _line) group by b._file
    union all
    select _file, 0, 0, 0, rows from ahead
), totals as (
    select _file, sum(seen) as seen, sum(duplicate) as duplicate, sum(quarantined) as quarantined, sum(ahead) as ahead
    from counts group by _file
)
select a.file_id, %(source)s, %(feed)s, a.business_date, %(night)s, a.name, a.sha256, a.bytes, a.stamp, %(mapping)s,
    a.landed_as, a.encoding, coalesce(t.seen, 0), coalesce(t.seen - t.duplicate - t.quarantined, 0), coalesce(t.duplicate, 0),
    coalesce(t.quarantined, 0), coalesce(t.ahead, 0)
from arrived as a left join totals as t on t._file = a.file_id
"""
