"""Makes ``marts`` equal ``candidate`` in one transaction, so that a reader sees the old night or the new one, whole.

Rows are deleted, changed and added; a table is never dropped, emptied or swapped, because a reader's snapshot and a
reader's view must outlive the publication. Where a build has noted all keys that it touched since the marts were last
made equal, these alone are compared. A mart that is a view is the same view over the tables published beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

import psycopg
from psycopg import sql

from huitou.errors import PermanentError
from huitou.settings import Settings
from huitou.warehouse import published_views, relations
from huitou.warehouse.connection import connect
from huitou.warehouse.relations import Column

# A mart that is compared as a whole may change in every row, night after night. With half of each page left free, the new
# version of a row stands beside the old one: no index is written for it, and the table does not grow.
LEAVE_ROOM = "alter table {} set (fillfactor = 50)"
HAS_ROOM = "select from pg_class where oid = to_regclass(%s) and 'fillfactor=50' = any(reloptions)"
# Few noted keys of many: each is looked up, where the server's default for turning disks has it read all rows instead.
LOOK_UP = "set local random_page_cost = 1.1"


@dataclass(frozen=True)
class Published:
    """Rows that each mart now has, and how many of them were added, changed or deleted."""

    rows: dict[str, int]
    changed: dict[str, int]


@dataclass(frozen=True)
class Noted:
    """The columns of the keys that were noted for a mart, and its rows after the last publication."""

    columns: tuple[str, ...]
    rows: int


def newest_publication(connection: psycopg.Connection) -> date | None:
    """The business date that the marts stand at, or None before the first publication."""
    row = connection.execute("select max(business_date) from ops.publications").fetchone()
    return row[0] if row else None


def publish(
    settings: Settings,
    business_date: date,
    tables: Sequence[str],
    touched: Mapping[str, Sequence[str]] | None = None,
) -> Published:
    """Make each table of ``marts`` equal its namesake in ``candidate``, all of them or none, and each view as well.

    ``touched`` names the tables whose builds note what they touch, with the columns of these keys.
    Raises ``PermanentError`` for a candidate that is missing, has no primary key or reads what is not published,
    ``UserError`` where somebody's view holds on to what must go.
    """
    with connect(settings) as connection, connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('huitou.publish'))")
        connection.execute("select ops.let_readers_in()")
        connection.execute(LOOK_UP)
        touched = touched or {}
        noted = _noted(connection, touched)
        views = published_views.definitions(connection, tables)
        stored = sorted(set(tables) - views.keys())
        published_views.make_way(connection, tables, views)
        counts = {table: _replace(connection, table, table in touched, noted.get(table)) for table in stored}
        counts |= {view: (published_views.fit(connection, view, text), 0) for view, text in views.items()}
        rows = {table: count for table, (count, _) in counts.items()}
        _forget_notes(connection, touched)
        connection.execute(
            "insert into ops.publications (business_date, rows) values (%s, %s)", (business_date, json.dumps(rows))
        )
    return Published(rows, {table: changed for table, (_, changed) in counts.items()})


def _noted(connection: psycopg.Connection, touched: Mapping[str, Sequence[str]]) -> dict[str, Noted]:
    """The tables that equal their candidates but for the keys noted, by name."""
    state = connection.execute("select unpublished from ops.build_state for update").fetchone()
    if state is None or state[0] == "everything":
        return {}
    row = connection.execute("select rows from ops.publications order by publication_id desc limit 1").fetchone()
    return {
        table: Noted(tuple(columns), int(row[0][table]))
        for table, columns in touched.items()
        if row and table in row[0] and relations.columns(connection, "staging", f"touched__{table}")
    }


def _forget_notes(connection: psycopg.Connection, touched: Mapping[str, Sequence[str]]) -> None:
    for table in sorted(touched):
        if relations.columns(connection, "staging", f"touched__{table}"):
            connection.execute(sql.SQL("truncate {}").format(sql.Identifier("staging", f"touched__{table}")))
    connection.execute("update ops.build_state set unpublished = 'nothing'")


def _replace(connection: psycopg.Connection, table: str, is_touched: bool, noted: Noted | None) -> tuple[int, int]:
    columns, key = relations.columns(connection, "candidate", table), relations.key(connection, "candidate", table)
    if not columns:
        raise PermanentError(f"candidate.{table} is not there: build it before it is published.")
    if not key:
        raise PermanentError(f"candidate.{table} has no primary key: give its model one in the dbt contract.")
    _fit_table(connection, table, columns, key)
    if not is_touched:
        _leave_room(connection, table)
    deleted, changed, added = _fit_rows(connection, table, list(columns), key, noted)
    _fit_rules(connection, table, columns, key)
    if noted:
        return noted.rows - deleted + added, deleted + changed + added
    row = connection.execute(_text("select count(*) from {new}", table, [], [])).fetchone()
    return (row[0] if row else 0), deleted + changed + added


def _fit_table(connection: psycopg.Connection, table: str, columns: dict[str, Column], key: list[str]) -> None:
    have = relations.columns(connection, "marts", table)
    if not have:
        connection.execute(_text("create table {old} (like {new})", table, [], []))
        return
    if relations.key(connection, "marts", table) != key:
        connection.execute(_text("delete from {old}", table, [], []))
        for (name,) in connection.execute(
            "select conname from pg_constraint where conrelid = to_regclass(%s) and contype = 'p'",
            (relations.named("marts", table),),
        ).fetchall():
            relations.change(connection, table, "alter table {} drop constraint {}", sql.Identifier(name))
    for name in relations.leaving(connection, table):
        relations.change(connection, table, "alter table {} drop column {}", sql.Identifier(name))
        del have[name]
    for name in [n for n in have if have[n].not_null and not columns[n].not_null]:
        relations.change(connection, table, "alter table {} alter column {} drop not null", sql.Identifier(name))
    for name in [n for n in columns if n not in have]:
        kind = sql.SQL(columns[name].type)
        relations.change(connection, table, "alter table {} add column {} {}", sql.Identifier(name), kind)


def _leave_room(connection: psycopg.Connection, table: str) -> None:
    if not connection.execute(HAS_ROOM, (relations.named("marts", table),)).fetchone():
        relations.change(connection, table, LEAVE_ROOM)


def _fit_rows(
    connection: psycopg.Connection, table: str, columns: list[str], key: list[str], noted: Noted | None
) -> tuple[int, int, int]:
    """Delete, change and add rows; returns how many of each. A row that is as it was is not touched."""
    values = [name for name in columns if name not in key]
    statements: list[LiteralString] = [
        "delete from {old} as old where {is_noted_old} and not exists (select from {new} as new where {same_key})",
        "update {old} as old set {assign} from {new} as new where {same_key} and {is_noted_new}"
        " and {old_values} is distinct from {new_values}",
        "insert into {old} ({columns}) select {columns} from {new} as new "
        "where {is_noted_new} and not exists (select from {old} as old where {same_key})",
    ]
    if not values:
        statements[1] = "select from {old} where false"
    done = [connection.execute(_text(s, table, key, values, noted)).rowcount for s in statements]
    return done[0], done[1], done[2]


def _fit_rules(connection: psycopg.Connection, table: str, columns: dict[str, Column], key: list[str]) -> None:
    """Not-null marks, primary key and comments as the candidate has them; nothing where they are so already."""
    have = relations.columns(connection, "marts", table)
    for name, column in columns.items():
        if column.not_null and not have[name].not_null:
            relations.change(connection, table, "alter table {} alter column {} set not null", sql.Identifier(name))
    if relations.key(connection, "marts", table) != key:
        relations.change(
            connection, table, "alter table {} add primary key ({})", sql.SQL(", ").join(map(sql.Identifier, key))
        )
    relations.fit_comments(connection, table)


def _text(
    statement: LiteralString, table: str, key: list[str], values: list[str], noted: Noted | None = None
) -> sql.Composed:
    def listed(names: list[str], prefix: str = "") -> sql.Composable:
        identifiers = [sql.Identifier(prefix, n) if prefix else sql.Identifier(n) for n in names]
        return sql.SQL(", ").join(identifiers)

    def is_noted(prefix: str) -> sql.Composable:
        if noted is None:
            return sql.SQL("true")
        keys = sql.Identifier("staging", f"touched__{table}")
        return sql.SQL("({}) in (select * from {})").format(listed(list(noted.columns), prefix), keys)

    pair = sql.SQL("{} = {}")
    return sql.SQL(statement).format(
        old=sql.Identifier("marts", table),
        new=sql.Identifier("candidate", table),
        columns=listed(key + values),
        is_noted_old=is_noted("old"),
        is_noted_new=is_noted("new"),
        same_key=sql.SQL(" and ").join(pair.format(sql.Identifier("old", k), sql.Identifier("new", k)) for k in key),
        assign=sql.SQL(", ").join(pair.format(sql.Identifier(v), sql.Identifier("new", v)) for v in values),
        old_values=sql.SQL("row({})").format(listed(values, "old")),
        new_values=sql.SQL("row({})").format(listed(values, "new")),
    )
