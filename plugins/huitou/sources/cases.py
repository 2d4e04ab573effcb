"""Cases in quarantine, as ingest sees them: what a bad row was about, and whether the source has sent it right since.

All of it runs inside the transaction that settles the rows.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.contract import Contract
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.personal import EMAIL_PATTERN
from huitou.sources.raw_tables import table_of
from huitou.sources.reading import reading_of
from huitou.sources.sums import figures_of_content

MOBILE_PATTERN = r"\m1[3-9]\d{9}\M"
NIGHTLY = "ingest"


def note(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    """Keep of each new row in quarantine its key, version and money, as far as they could be read."""
    connection.execute(
        "update quarantine.rows as q set key = b._key, version = b._version, figures = b._figures"
        " from refused as b where q.file_id = b._file and q.line = b._line and q.state = 'open'"
    )
    connection.execute(
        sql.SQL(
            "update quarantine.rows as q set version = d._version, figures = {figures}, key = {key}"
            " from (select *, array(select jsonb_array_elements_text(_key)) as parts from displaced) as d"
            " where q.file_id = d._file and q.line = d._line"
        ).format(
            figures=figures_of_content(feed.contract, "_content"),
            key=sql.SQL("case when {} then d.parts end").format(
                _tells_nobody(sql.SQL("array_to_string(d.parts, ' ')"))
            ),
        )
    )
    connection.execute(
        "update quarantine.rows as q set judged_by = %s"
        " where q.judged_by is null and q.file_id in ("
        " select file_id from arrived union select _file from displaced)",
        (reading_of(feed, source_set),),
    )


def key_of(contract: Contract, row: str) -> sql.Composed:
    """The key of a row as text; null where a part is missing or may be a contact point."""
    parts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(row, name)) for name in contract.key)
    return sql.SQL("case when num_nulls({parts}) = 0 and {open} then array[{parts}] end").format(
        parts=parts, open=_tells_nobody(sql.SQL("concat_ws(' ', {})").format(parts))
    )


def _tells_nobody(text: sql.Composable) -> sql.Composed:
    return sql.SQL("{text} !~ {email} and {text} !~ {mobile}").format(
        text=text, email=sql.Literal(EMAIL_PATTERN), mobile=sql.Literal(MOBILE_PATTERN)
    )


def version_of(contract: Contract, row: str) -> sql.Composable:
    """The version that a row itself tells; null where it should tell one and does not."""
    if contract.version is None:
        return sql.SQL("'epoch'::timestamptz")
    return sql.SQL("{}::timestamptz").format(sql.Identifier(row, contract.version))


def close_sent_right(connection: psycopg.Connection, source_set: SourceSet, contract: Contract) -> int:
    """Close the open cases whose record raw holds now in the same or a newer version; returns how many.

    The row that closes a case is the first by business date, in whatever order the nights were run; a case is
    opened again first where an earlier day has come or the file that closed it was read anew.
    """
    scope = {"source": source_set.name, "feed": contract.feed, "who": NIGHTLY}
    connection.execute(
        """
        with reopened as (
            update quarantine.rows as q
            set state = 'open'
            where q.source = %(source)s and q.feed = %(feed)s and q.closed_how = 'sent_right'
                and (q.closed_on > (select min(a.business_date) from arrived as a)
                    or not exists (select from landing.files as f where f.file_id = q.closed_by_file))
            returning q.*
        )
        insert into quarantine.actions (quarantine_id, source, feed, file, line, action, by_whom, because, reasons)
        select r.quarantine_id, r.source, r.feed, f.name, r.line, 'reopened', %(who)s, 'earlier files came', r.reasons
        from reopened as r join landing.files as f using (file_id)
        """,
        scope,
    )
    return connection.execute(_closing(contract), scope).rowcount


def _closing(contract: Contract) -> sql.Composed:
    kinds = [(number, name, contract.columns[name].sql_type) for number, name in enumerate(contract.key, start=1)]
    # A key is cast to the column's type, so that raw's primary key finds it.
    same_key = sql.SQL(" and ").join(
        sql.SQL("r.{c} = (case when pg_input_is_valid(q.key[{i}], {kind}) then q.key[{i}]::{type} end)").format(
            c=sql.Identifier(name), i=sql.Literal(number), kind=sql.Literal(kind), type=sql.SQL(kind)
        )
        for number, name, kind in kinds
    )
    return sql.SQL(
        """
        with closed as (
            update quarantine.rows as q
            set state = 'released', closed_how = 'sent_right', closed_on = n.day,
                closed_by_file = n._file_id, closed_by_line = n._line
            from (
                select q.quarantine_id, n.*
                from quarantine.rows as q
                cross join lateral (
                    select r._file_id, r._line, r._version, greatest(r._business_date, q.business_date) as day
                    from {table} as r
                    where r._source = q.source and {same_key}
                        and case
                            when q.version is null then r._business_date > q.business_date
                            when q.reasons[1] like 'conflict:%%' then r._version > q.version
                            else r._version >= q.version
                        end
                    order by day, r._version limit 1
                ) as n
                where q.source = %(source)s and q.feed = %(feed)s and q.state = 'open' and q.key is not null
            ) as n
            where q.quarantine_id = n.quarantine_id
            returning q.*
        )
        insert into quarantine.actions (quarantine_id, source, feed, file, line, action, by_whom, because, reasons)
        select c.quarantine_id, c.source, c.feed, f.name, c.line, 'released', %(who)s,
            'the source sent it right: ' || n.name || ' line ' || c.closed_by_line, c.reasons
        from closed as c join landing.files as f using (file_id)
        join landing.files as n on n.file_id = c.closed_by_file
        """
    ).format(table=table_of(contract), same_key=same_key)
