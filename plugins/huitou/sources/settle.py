"""The verdict on every staged row, and the rows' way to raw, to quarantine and into the manifest."""

from __future__ import annotations

from datetime import date

import psycopg
from psycopg import sql

from huitou.sources.cast import staged_name, typed_columns, typed_query
from huitou.sources.contract import Contract
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.files import LandedFile
from huitou.sources.personal import EMAIL_PATTERN
from huitou.sources.raw_tables import table_of

NEXT_FILE_IDS = "select nextval(pg_get_serial_sequence('landing.files', 'file_id')) from generate_series(1, %s)"


def settle(
    connection: psycopg.Connection,
    source_set: SourceSet,
    feed: Feed,
    night: date,
    files: dict[int, LandedFile],
    mapping_sha256: str,
) -> None:
    """Judge the rows in ``staged`` and ``unreadable`` and put each where it belongs. Runs inside a transaction."""
    _list_files(connection, source_set, feed, files)
    _type(connection, source_set, feed, night)
    _judge(connection, source_set, feed)
    _load_rows(connection, source_set, feed.contract)
    _quarantine(connection, source_set, feed)
    if "customer_id" in feed.contract.columns:
        _identify(connection, source_set, feed.contract)
    _record_files(connection, source_set, feed, night, mapping_sha256)


def forget(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, landed: list[LandedFile], mapping_sha256: str
) -> None:
    """Take back what an earlier mapping read from the same files: the new reading replaces it."""
    for file in landed:
        old = connection.execute(
            "delete from landing.files where source = %s and feed = %s and name = %s and sha256 = %s"
            " and mapping_sha256 <> %s returning file_id",
            (source_set.name, feed.feed, file.origin.name, file.sha256, mapping_sha256),
        ).fetchall()
        connection.execute(
            sql.SQL("delete from {} where _file_id = any(%s)").format(table_of(feed.contract)),
            ([row[0] for row in old],),
        )


def _list_files(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, files: dict[int, LandedFile]
) -> None:
    connection.execute(
        "create temp table arrived (file_id bigint primary key, name text, business_date date, sha256 text,"
        " bytes bigint, stamp text, landed_as text) on commit drop"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into arrived values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (i, f.origin.name, f.origin.business_date, f.sha256, f.bytes, f.origin.stamp, str(f.path))
                for i, f in files.items()
            ],
        )
    # A file that holds all dates is read every night: what of it is in quarantine already is not put there again.
    connection.execute(
        "create temp table known_bad on commit drop as"
        " select distinct a.file_id as _file, q.line as _line from arrived as a"
        " join landing.files as f on f.sha256 = a.sha256 and f.name = a.name and f.source = %s and f.feed = %s"
        " join quarantine.rows as q on q.file_id = f.file_id",
        (source_set.name, feed.feed),
    )


def _type(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date) -> None:
    day, day_reason = _own_day(feed)
    keep = {
        "_file": sql.SQL("s._file"),
        "_line": sql.SQL("s._line"),
        "_day": day,
        "_day_reason": day_reason,
    }
    typed = typed_query(
        typed_columns(feed, source_set.time_zone, source_set.base_currency),
        keep,
        sql.SQL("staged as s join arrived as a on a.file_id = s._file"),
    )
    connection.execute(
        sql.SQL(
            "create temp table typed on commit drop as"
            " select *, coalesce(_day > {night}, false) as _ahead from ({typed}) as rows"
        ).format(night=sql.Literal(night), typed=typed)
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


def _as_sent(feed: Feed) -> sql.Composable:
    """The staged row as it came, by the source's own column names."""
    pairs = sql.SQL(", ").join(
        sql.SQL("{}, {}").format(sql.Literal(name), sql.Identifier("s", staged_name(feed, name)))
        for name in feed.source_columns
    )
    return sql.SQL("jsonb_build_object({})").format(pairs)


def _judge(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    contract = feed.contract
    columns = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in contract.columns)
    key = sql.SQL(", ").join(sql.SQL("{}").format(sql.Identifier(name)) for name in contract.key)
    same_key = sql.SQL(" and ").join(sql.SQL("r.{c} = v.{c}").format(c=sql.Identifier(name)) for name in contract.key)
    # A record without a version never changes: the same key with other content is a conflict.
    version: sql.Composable = sql.SQL("'epoch'::timestamptz")
    if contract.version:
        version = sql.SQL("coalesce(t.{}, t._day::timestamp at time zone 'UTC')").format(
            sql.Identifier(contract.version)
        )
    connection.execute(
        sql.SQL(
            """
            create temp table judged on commit drop as
            with versioned as (
                select t.*, {version} as _version, md5(row({columns})::text)::uuid as _row_hash,
                    cardinality(t._reasons) = 0 and t._day_reason is null and not t._ahead as _good
                from typed as t
            ), ranked as (
                select *,
                    row_number() over (partition by _good, {key}, _version order by _file, _line) as _rank,
                    first_value(_row_hash) over (partition by _good, {key}, _version order by _file, _line) as _first
                from versioned
            )
            select v.*,
                case
                    when v._ahead then 'ahead'
                    when r._row_hash = v._row_hash then 'duplicate'
                    when k._line is not null then 'duplicate'
                    when not v._good then 'quarantined'
                    when r._row_hash is not null then 'conflict'
                    when v._rank = 1 then 'loaded'
                    when v._first = v._row_hash then 'duplicate'
                    else 'conflict'
                end as _verdict
            from ranked as v
            left join {table} as r on v._good and r._source = {source} and {same_key} and r._version = v._version
            left join known_bad as k on k._file = v._file and k._line = v._line
            """
        ).format(
            version=version,
            columns=columns,
            key=key,
            table=table_of(contract),
            source=sql.Literal(source_set.name),
            same_key=same_key,
        )
    )


def _load_rows(connection: psycopg.Connection, source_set: SourceSet, contract: Contract) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, contract.columns))
    same_key = sql.SQL(" and ").join(sql.SQL("r.{c} = j.{c}").format(c=sql.Identifier(name)) for name in contract.key)
    connection.execute(
        sql.SQL(
            "insert into {table} ({names}, _source, _version, _business_date, _file_id, _line, _row_hash)"
            " select {names}, {source}, _version, _day, _file, _line, _row_hash from judged where _verdict = 'loaded'"
        ).format(table=table_of(contract), names=names, source=sql.Literal(source_set.name))
    )
    # An earlier night that brings what a later one already brought knew it first.
    connection.execute(
        sql.SQL(
            "update {table} as r set _business_date = j._day from judged as j where j._verdict = 'duplicate'"
            " and j._good and r._source = {source} and {same_key} and r._version = j._version"
            " and r._business_date > j._day"
        ).format(table=table_of(contract), source=sql.Literal(source_set.name), same_key=same_key)
    )


def _quarantine(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    # A phone number or an address may stand in a column that it is not of.
    masked = sql.SQL(
        "regexp_replace(regexp_replace({sent}::text, {email}, '[e-mail]', 'g'), {phone}, '[phone]', 'g')::jsonb"
    ).format(sent=_as_sent(feed), email=sql.Literal(EMAIL_PATTERN), phone=sql.Literal(r"\m1[3-9]\d{9}\M"))
    connection.execute(
        sql.SQL(
            """
            insert into quarantine.rows (source, feed, business_date, file_id, line, reasons, row)
            select {source}, {feed}, coalesce(j._day, a.business_date), j._file, j._line,
                case when j._verdict = 'conflict' then array[{conflict}]
                    else j._reasons || array_remove(array[j._day_reason], null) end, {masked}
            from judged as j join arrived as a on a.file_id = j._file
            join staged as s on s._file = j._file and s._line = j._line
            where j._verdict in ('quarantined', 'conflict')
            union all
            select {source}, {feed}, a.business_date, u._file, u._line, array[u.reason],
                jsonb_build_object('sealed', u.reference)
            from unreadable as u join arrived as a on a.file_id = u._file
            where not exists (select from known_bad as k where k._file = u._file and k._line = u._line)
            order by 4, 5
            """
        ).format(
            source=sql.Literal(source_set.name),
            feed=sql.Literal(feed.feed),
            conflict=sql.Literal("conflict:" + "+".join(feed.contract.key)),
            masked=masked,
        )
    )


def _identify(connection: psycopg.Connection, source_set: SourceSet, contract: Contract) -> None:
    """Name the person of every account seen; where the source states the person, its word holds."""
    person: sql.Composable = sql.SQL("null::text")
    if "person_id" in contract.columns:
        person = sql.SQL("person_id")
    connection.execute(
        sql.SQL(
            """
            insert into vault.identities as i (source, customer_id, customer_key, stated)
            select distinct on (customer_id) {source}, customer_id,
                vault.customer_key({source}, coalesce({person}, customer_id)), {person} is not null
            from judged where _verdict = 'loaded' and customer_id is not null
            order by customer_id, _version desc
            on conflict (source, customer_id) do update
                set customer_key = excluded.customer_key, stated = true
                where excluded.stated and i.customer_key <> excluded.customer_key
            """
        ).format(source=sql.Literal(source_set.name), person=person)
    )


def _record_files(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, night: date, mapping_sha256: str
) -> None:
    connection.execute(
        """
        insert into landing.files (file_id, source, feed, business_date, night, name, sha256, bytes, stamp,
            mapping_sha256, landed_as, rows_seen, loaded, duplicate, quarantined, ahead)
        overriding system value
        select a.file_id, %s, %s, a.business_date, %s, a.name, a.sha256, a.bytes, a.stamp, %s, a.landed_as,
            coalesce(j.seen, 0) + coalesce(u.bad + u.known, 0), coalesce(j.loaded, 0),
            coalesce(j.duplicate, 0) + coalesce(u.known, 0), coalesce(j.quarantined, 0) + coalesce(u.bad, 0),
            coalesce(j.ahead, 0)
        from arrived as a
        left join (
            select _file, count(*) filter (where _verdict <> 'ahead') as seen,
                count(*) filter (where _verdict = 'loaded') as loaded,
                count(*) filter (where _verdict = 'duplicate') as duplicate,
                count(*) filter (where _verdict in ('quarantined', 'conflict')) as quarantined,
                count(*) filter (where _verdict = 'ahead') as ahead
            from judged group by _file
        ) as j on j._file = a.file_id
        left join (
            select _file, count(*) filter (where k._line is null) as bad, count(k._line) as known
            from unreadable left join known_bad as k using (_file, _line) group by _file
        ) as u on u._file = a.file_id
        """,
        (source_set.name, feed.feed, night, mapping_sha256),
    )
