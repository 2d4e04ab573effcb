"""Marts that are views: the candidates' own views, over the tables of ``marts`` that stand for what they read.

Nothing of a view is published but what it reads, in the same transaction; so a reader sees one night here too. A view
that is what it was is left alone, and one that turns is replaced in place wherever PostgreSQL can, because a reader's
view may stand on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter

import psycopg
from psycopg import sql

from huitou.errors import PermanentError
from huitou.warehouse import relations

DEFINITION = "select pg_get_viewdef(to_regclass(%s))"


def definitions(connection: psycopg.Connection, tables: Sequence[str]) -> dict[str, str]:
    """What each of ``tables`` that is a view of ``candidate`` is to be in ``marts``, in the order of who reads whom.

    Raises ``PermanentError`` for a view that reads what is not published.
    """
    kinds = relations.kinds(connection, "candidate")
    reads = {name: relations.read_by(connection, "candidate", name) for name in tables if kinds.get(name) == "v"}
    for view, read in reads.items():
        for schema, name in sorted(read):
            if schema != "candidate" or name not in tables:
                raise PermanentError(f"candidate.{view} reads {schema}.{name}, which is not published.")
    order = _in_order({view: {name for _, name in read} for view, read in reads.items()})
    return {view: re.sub(r"\bcandidate\.", "marts.", _definition(connection, "candidate", view)) for view in order}


def make_way(connection: psycopg.Connection, tables: Sequence[str], views: Mapping[str, str]) -> None:
    """Drop what stands in the way: what is of the other kind, views that PostgreSQL cannot replace, and views of these or
    of a table that loses a column.

    Raises ``UserError`` where somebody's view holds on to one.
    """
    kinds = relations.kinds(connection, "marts")
    turning = {name for name in tables if kinds.get(name) == ("r" if name in views else "v")}
    turning |= {name for name in tables if name not in views and relations.leaving(connection, name)}
    turning |= {view for view in views if not _is_replaceable(connection, view)}
    standing = [name for name in tables if kinds.get(name) == "v"]
    reads = {view: {name for _, name in relations.read_by(connection, "marts", view)} for view in standing}
    order = _in_order(reads)
    for view in order:
        if reads[view] & turning:
            turning.add(view)
    for view in reversed(order):
        if view in turning:
            relations.change(connection, view, "drop view {}")
    for view in views:
        if kinds.get(view) == "r":
            relations.change(connection, view, "drop table {}")


def fit(connection: psycopg.Connection, view: str, definition: str) -> int:
    """Have ``marts.<view>`` be ``definition``, with the comments of its candidate. Its rows."""
    if _definition(connection, "marts", view) != definition:
        # PostgreSQL wrote the definition itself.
        relations.change(connection, view, "create or replace view {} as {}", sql.SQL(definition))
    relations.fit_comments(connection, view)
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("marts", view))).fetchone()
    return int(row[0]) if row else 0


def _is_replaceable(connection: psycopg.Connection, view: str) -> bool:
    """PostgreSQL takes further columns behind those that a view has, and no other ones."""
    have, wanted = (
        [(name, column.type) for name, column in relations.columns(connection, schema, view).items()]
        for schema in ("marts", "candidate")
    )
    return wanted[: len(have)] == have


def _in_order(reads: Mapping[str, set[str]]) -> list[str]:
    """The views, each behind those that it reads."""
    return [name for name in TopologicalSorter(reads).static_order() if name in reads]


def _definition(connection: psycopg.Connection, schema: str, view: str) -> str:
    row = connection.execute(DEFINITION, (relations.named(schema, view),)).fetchone()
    return str(row[0]).rstrip(";") if row else ""
