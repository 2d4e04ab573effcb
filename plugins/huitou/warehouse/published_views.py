"""Marts that are views: the candidates' own views, over the tables of ``marts`` that stand for what they read.

Nothing of a view is published but what it reads, in the same transaction; so a reader sees one night here too. A view
that is what it was is left alone, and one that turns is replaced in place wherever PostgreSQL can, because a reader's
view may stand on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import LiteralString

import psycopg
from psycopg import sql

from huitou.errors import PermanentError, UserError

READ = re.compile(r"\b(candidate|intermediate|staging)\.(\w+)")
KINDS = "select relname, relkind::text from pg_class where relnamespace = %s::regnamespace and relkind in ('r', 'v')"
DEFINITION = "select pg_get_viewdef(to_regclass(%s))"
COMMENTS = """
select a.attname, col_description(a.attrelid, a.attnum)
from pg_attribute as a
where a.attrelid = to_regclass(%s) and a.attnum > 0
union all
select null, obj_description(to_regclass(%s), 'pg_class')
"""


def definitions(connection: psycopg.Connection, tables: Sequence[str]) -> dict[str, str]:
    """What each of ``tables`` that is a view of ``candidate`` is to be in ``marts``, in the order of who reads whom.

    Raises ``PermanentError`` for a view that reads what is not published.
    """
    kinds = _kinds(connection, "candidate")
    found = {table: _definition(connection, "candidate", table) for table in tables if kinds.get(table) == "v"}
    reads = {view: set(READ.findall(definition)) for view, definition in found.items()}
    for view, read in reads.items():
        for schema, name in sorted(read):
            if schema != "candidate" or name not in tables:
                raise PermanentError(f"candidate.{view} reads {schema}.{name}, which is not published.")
    order = TopologicalSorter({view: {name for _, name in read if name in found} for view, read in reads.items()})
    return {view: re.sub(r"\bcandidate\.", "marts.", found[view]) for view in order.static_order()}


def make_way(connection: psycopg.Connection, tables: Sequence[str], views: Mapping[str, str], turns: bool) -> None:
    """Drop views of ``marts`` where tables are to be, and tables where ``views`` are; all views where a table ``turns``.

    Raises ``UserError`` where somebody's view holds on to one.
    """
    kinds = _kinds(connection, "marts")
    standing = [name for name in tables if kinds.get(name) == "v"]
    reads = {name: set(re.findall(r"\bmarts\.(\w+)", _definition(connection, "marts", name))) for name in standing}
    for name in reversed(list(TopologicalSorter(reads).static_order())):
        if name in standing and (turns or name not in views):
            _drop(connection, "drop view {}", name)
    for name in views:
        if kinds.get(name) == "r":
            _drop(connection, "drop table {}", name)


def fit(connection: psycopg.Connection, view: str, definition: str) -> int:
    """Have ``marts.<view>`` be ``definition``, with the comments of its candidate. Its rows."""
    name = sql.Identifier("marts", view)
    if _kinds(connection, "marts").get(view) is None:
        connection.execute(_made("create view {} as {}", view, definition))
    elif _definition(connection, "marts", view) != definition:
        try:
            with connection.transaction():
                connection.execute(_made("create or replace view {} as {}", view, definition))
        except psycopg.errors.InvalidTableDefinition:
            _drop(connection, "drop view {}", view)
            connection.execute(_made("create view {} as {}", view, definition))
    _fit_comments(connection, view)
    row = connection.execute(sql.SQL("select count(*) from {}").format(name)).fetchone()
    return int(row[0]) if row else 0


def _fit_comments(connection: psycopg.Connection, view: str) -> None:
    have = _comments(connection, "marts", view)
    for column, comment in _comments(connection, "candidate", view).items():
        if have.get(column) != comment:
            target = sql.Identifier("marts", view, column) if column else sql.Identifier("marts", view)
            what = sql.SQL("column {}" if column else "view {}").format(target)
            connection.execute(sql.SQL("comment on {} is {}").format(what, sql.Literal(comment)))


def _comments(connection: psycopg.Connection, schema: str, view: str) -> dict[str | None, str | None]:
    """Of each column, and of the view itself under None."""
    return dict(connection.execute(COMMENTS, (f'"{schema}"."{view}"',) * 2).fetchall())


def _kinds(connection: psycopg.Connection, schema: str) -> dict[str, str]:
    return dict(connection.execute(KINDS, (schema,)).fetchall())


def _definition(connection: psycopg.Connection, schema: str, view: str) -> str:
    row = connection.execute(DEFINITION, (f'"{schema}"."{view}"',)).fetchone()
    return str(row[0]).rstrip(";") if row else ""


def _made(statement: LiteralString, view: str, definition: str) -> sql.Composed:
    # PostgreSQL wrote the definition itself.
    return sql.SQL(statement).format(sql.Identifier("marts", view), sql.SQL(definition))


def _drop(connection: psycopg.Connection, statement: LiteralString, name: str) -> None:
    try:
        connection.execute(sql.SQL(statement).format(sql.Identifier("marts", name)))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise UserError(
            f"marts.{name} is made anew, but {error.diag.message_detail or error.diag.message_primary}. "
            "Drop the view that reads it, run the build again, and make the view anew."
        ) from None
