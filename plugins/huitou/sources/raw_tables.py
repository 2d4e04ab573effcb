"""The raw tables, one a contract: made and widened from the contracts alone.

Each table keeps every version of every key. Beside the contract's columns stand the row's provenance:
``_source``, ``_file_id``, ``_line``, ``_business_date`` (the night by which the platform knew the row),
``_version`` (which of two rows of one key is newer) and ``_row_hash``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.contract import Contract, contracts

PROVENANCE = """
    _source text not null,
    _version timestamptz not null,
    _business_date date not null,
    _file_id bigint not null,
    _line bigint not null,
    _row_hash uuid not null
"""


def table_of(contract: Contract) -> sql.Identifier:
    return sql.Identifier(contract.room, contract.feed)


def ensure_raw_tables(connection: psycopg.Connection) -> None:
    """Create the tables of all contracts, and add the columns that a contract gained. Safe to repeat."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('huitou.raw_tables'))")
        for contract in contracts().values():
            _ensure(connection, contract)


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
    for name, column in contract.columns.items():
        if name not in have:
            connection.execute(
                sql.SQL("alter table {} add column {} {}").format(
                    table_of(contract), sql.Identifier(name), sql.SQL(column.sql_type)
                )
            )


def _create(connection: psycopg.Connection, contract: Contract) -> None:
    columns = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(name),
            sql.SQL(column.sql_type),
            sql.SQL(" not null" if column.required else ""),
        )
        for name, column in contract.columns.items()
    ]
    key = sql.SQL(", ").join(map(sql.Identifier, ("_source", *contract.key, "_version")))
    connection.execute(
        sql.SQL("create table {} ({}, {}, primary key ({}))").format(
            table_of(contract), sql.SQL(", ").join(columns), sql.SQL(PROVENANCE), key
        )
    )
    connection.execute(sql.SQL("create index on {} (_file_id)").format(table_of(contract)))
