"""The raw tables, one a contract: made and widened from the contracts alone.

Each table keeps every version of every key. Beside the contract's columns stand the row's provenance:
``_source``, ``_file_id``, ``_line``, ``_business_date`` (the night by which the platform knew the row) and
``_version`` (which of two rows of one key is newer).
"""

from __future__ import annotations

from typing import LiteralString

import psycopg
from psycopg import sql

from huitou.sources.contract import Contract, contracts
from huitou.sources.sums import raw_figures

PROVENANCE = """
    _source text not null,
    _version timestamptz not null,
    _business_date date not null,
    _file_id bigint not null,
    _line bigint not null
"""
# An update notes a row twice: as it was and as it is.
TRIGGERS: dict[str, LiteralString] = {
    "note_deleted": "after delete on {} referencing old table as gone",
    "note_before": "after update on {} referencing old table as gone",
    "note_after": "after update on {} referencing new table as gone",
    "note_truncated": "after truncate on {}",
}
# A short row of today goes where a page of years ago has room for it. One range from least to greatest would then hold
# every day between the two, and a day be looked for in most of the table; several keep them apart.
SEVERAL_RANGES: dict[str, LiteralString] = {
    "_file_id": "int8_minmax_multi_ops",
    "_business_date": "date_minmax_multi_ops",
}
OF_MOMENTS: LiteralString = "timestamptz_minmax_multi_ops"
# Version 0.1 wrote it; readers' views may still name it, so it stays where it is and is no longer asked for.
RETIRED = "_row_hash"


def table_of(contract: Contract) -> sql.Identifier:
    return sql.Identifier(contract.room, contract.feed)


def ensure_raw_tables(connection: psycopg.Connection) -> None:
    """Create the tables of all contracts, and add the columns that a contract gained. Safe to repeat."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('huitou.raw_tables'))")
        for contract in contracts().values():
            _ensure(connection, contract)
        connection.execute(raw_figures())


def _ensure(connection: psycopg.Connection, contract: Contract) -> None:
    have = {
        row[0]
        for row in connection.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
            (contract.room, contract.feed),
        )
    }
    if not have:
        _create(connection, contract)
        return
    connection.execute(
        sql.SQL("drop index if exists {}").format(sql.Identifier(contract.room, f"{contract.feed}__file_id_idx"))
    )
    _index_by_file(connection, contract)
    _watch(connection, contract)
    if RETIRED in have:
        _alter(connection, contract, "alter column {} drop not null", sql.Identifier(RETIRED))
    for name, column in contract.columns.items():
        if name not in have:
            _alter(connection, contract, "add column {} {}", sql.Identifier(name), sql.SQL(column.sql_type))


def _alter(connection: psycopg.Connection, contract: Contract, change: LiteralString, *names: sql.Composable) -> None:
    connection.execute(sql.SQL("alter table {} " + change).format(table_of(contract), *names))


def _create(connection: psycopg.Connection, contract: Contract) -> None:
    columns = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name),
            sql.SQL(column.sql_type),
            sql.SQL(" not null" if column.required else ""),
        )
        for name, column in contract.columns.items()
    ]
    connection.execute(
        sql.SQL("create table {} ({}, {})").format(table_of(contract), sql.SQL(", ").join(columns), sql.SQL(PROVENANCE))
    )
    add_key(connection, contract)
    _index_by_file(connection, contract)
    _watch(connection, contract)


def add_key(connection: psycopg.Connection, contract: Contract) -> None:
    """Each key and version once. Raises ``psycopg.errors.UniqueViolation``."""
    key = sql.SQL(", ").join(map(sql.Identifier, ("_source", *contract.key, "_version")))
    _alter(connection, contract, "add constraint {} primary key ({})", _key_name(contract), key)


def drop_key(connection: psycopg.Connection, contract: Contract) -> None:
    """Take the key away for the rest of a transaction, which adds it again."""
    _alter(connection, contract, "drop constraint {}", _key_name(contract))


def forget_files(connection: psycopg.Connection, contract: Contract, file_ids: list[int]) -> None:
    """Take the rows of some files out of raw; where no others are there, at the price of none."""
    table = table_of(contract)
    if not file_ids:
        return
    others = sql.SQL("select exists (select from {} where _file_id <> all(%s))").format(table)
    row = connection.execute(others, (file_ids,)).fetchone()
    if row == (False,):
        connection.execute(sql.SQL("truncate {}").format(table))
    else:
        connection.execute(sql.SQL("delete from {} where _file_id = any(%s)").format(table), (file_ids,))


def _key_name(contract: Contract) -> sql.Identifier:
    return sql.Identifier(f"{contract.feed}_pkey")


def _index_by_file(connection: psycopg.Connection, contract: Contract) -> None:
    """Rows of a file and of a time lie together, so block range indexes find them, at a tenth of what a tree costs."""
    moments = [name for name, column in contract.columns.items() if column.type == "timestamp"]
    for suffix, columns in (("file", ["_file_id"]), ("day", ["_business_date", *moments])):
        ranges = [
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(SEVERAL_RANGES.get(name, OF_MOMENTS)))
            for name in columns
        ]
        connection.execute(
            sql.SQL(
                "create index if not exists {} on {} using brin ({}) with (pages_per_range = 32, autosummarize = on)"
            ).format(
                sql.Identifier(f"{contract.feed}_by_{suffix}"),
                table_of(contract),
                sql.SQL(", ").join(ranges),
            )
        )


def _watch(connection: psycopg.Connection, contract: Contract) -> None:
    """Have ``landing.changes`` told of every row that leaves raw or changes there, whoever does it."""
    if contract.room != "raw":
        return
    moments = [name for name, column in contract.columns.items() if column.type in ("timestamp", "date")]
    arguments = [contract.feed, ", ".join(contract.key), ", ".join(moments)]
    for name, when in TRIGGERS.items():
        connection.execute(
            sql.SQL("create or replace trigger {} {} for each statement execute function landing.note_gone({})").format(
                sql.Identifier(name),
                sql.SQL(when).format(table_of(contract)),
                sql.SQL(", ").join(map(sql.Literal, arguments)),
            )
        )
