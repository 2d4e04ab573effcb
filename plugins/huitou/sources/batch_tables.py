"""The temporary tables that one transaction's ingest of a feed works in."""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.cast import staged_name
from huitou.sources.feeds import Feed
from huitou.sources.raw_tables import table_of

_ARRIVED = """
(file_id bigint primary key, name text, business_date date, sha256 text, bytes bigint, stamp text, landed_as text,
    encoding text not null default '')
"""
_REFUSED = "(_file bigint, _line bigint, _day date, _reasons text[], _key text[], _version timestamptz, _figures jsonb)"
_DISPLACED = "(_file bigint, _line bigint, _day date, _key jsonb, _version timestamptz, _content jsonb)"
_TYPED = """
create temp table typed on commit drop as
select _file_id as _file, _line, _business_date as _day, _version, {columns} from {table} with no data
"""
_JUDGED = """
create temp view judged as
select t.*, true as _good, coalesce(v._verdict, 'loaded') as _verdict
from typed as t left join verdicts as v on v._file = t._file and v._line = t._line
"""


def make_tables(connection: psycopg.Connection, feed: Feed) -> None:
    """The empty temporary tables of one transaction's ingest of ``feed``; they go when it ends.

    - ``arrived``: the files, as ``landing.files`` will have them
    - ``staged``: rows as text, columns ``s0`` … by ``staged_name``; ``unreadable``: rows without columns
    - ``typed``: good rows, the contract's columns; ``refused``: rows with reasons, and what could be read of them; ``ahead``: rows of a later day
    - ``known_bad``: rows that quarantine has from an earlier reading of the same file
    - ``verdicts``: what became of the rows of ``typed`` that are not simply loaded: loaded, duplicate or conflict
    - ``orphans``: keys with rows in quarantine whose rival in raw was forgotten
    - ``displaced``: rows, of the batch or of raw, that another row of their key and version displaced
    - ``judged``: a view, every row of ``typed`` with its verdict
    """
    text = sql.SQL("").join(
        sql.SQL(", {} text").format(sql.Identifier(name))
        for name in [staged_name(feed, name) for name in feed.source_columns]
    )
    contract = feed.contract
    columns = sql.SQL(", ").join(map(sql.Identifier, contract.columns))
    key = sql.SQL(", ").join(map(sql.Identifier, contract.key))
    for name, body in (
        ("arrived", sql.SQL(_ARRIVED)),
        ("staged", sql.SQL("(_file bigint, _line bigint{})").format(text)),
        ("unreadable", sql.SQL("(_file bigint, _line bigint, reason text, reference text)")),
        ("sealed", sql.SQL("(contact_hash text, kind text, key_id text, sealed bytea)")),
        ("refused", sql.SQL(_REFUSED)),
        ("ahead", sql.SQL("(_file bigint, rows bigint)")),
        ("known_bad", sql.SQL("(_file bigint, _line bigint)")),
        ("verdicts", sql.SQL("(_file bigint, _line bigint, _verdict text)")),
        ("displaced", sql.SQL(_DISPLACED)),
    ):
        connection.execute(sql.SQL("create temp table {} {} on commit drop").format(sql.Identifier(name), body))
    connection.execute(sql.SQL(_TYPED).format(columns=columns, table=table_of(contract)))
    connection.execute(
        sql.SQL("create temp table orphans on commit drop as select {}, _version from {} with no data").format(
            key, table_of(contract)
        )
    )
    connection.execute(_JUDGED)
