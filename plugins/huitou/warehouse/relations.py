"""Tables and views as PostgreSQL's catalog describes them, and changes of those of ``marts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from huitou.errors import UserError

COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, col_description(a.attrelid, a.attnum)
from pg_attribute as a
where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
KEY = """
select a.attname
from pg_index as i
cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
where i.indrelid = to_regclass(%s) and i.indisprimary
order by k.position
"""
KINDS = "select relname, relkind::text from pg_class where relnamespace = %s::regnamespace and relkind in ('r', 'v')"
# A view hangs on what its rule reads and calls.
READ = """
select distinct coalesce(c.relnamespace, p.pronamespace)::regnamespace::text, coalesce(c.relname, p.proname)::text
from pg_rewrite as r
join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refobjid <> r.ev_class
left join pg_class as c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
left join pg_proc as p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
where r.ev_class = to_regclass(%s) and coalesce(c.oid, p.oid) is not null
"""


@dataclass(frozen=True)
class Column:
    """One column as the catalog describes it."""

    type: str
    not_null: bool
    comment: str | None


def columns(connection: psycopg.Connection, schema: str, name: str) -> dict[str, Column]:
    """By name, in their order; none where there is no such relation."""
    found = connection.execute(COLUMNS, (named(schema, name),)).fetchall()
    return {column: Column(type_, not_null, comment) for column, type_, not_null, comment in found}


def leaving(connection: psycopg.Connection, name: str) -> list[str]:
    """Columns in ``marts`` that the candidate no longer has, or has in another type."""
    have, wanted = columns(connection, "marts", name), columns(connection, "candidate", name)
    return [column for column in have if column not in wanted or have[column].type != wanted[column].type]


def key(connection: psycopg.Connection, schema: str, name: str) -> list[str]:
    """The columns of the primary key, in its order."""
    return [column for (column,) in connection.execute(KEY, (named(schema, name),)).fetchall()]


def kinds(connection: psycopg.Connection, schema: str) -> dict[str, str]:
    """PostgreSQL's letter of each table (r) and view (v)."""
    return dict(connection.execute(KINDS, (schema,)).fetchall())


def read_by(connection: psycopg.Connection, schema: str, view: str) -> set[tuple[str, str]]:
    """Schema and name of what the view reads and calls itself."""
    return {(of, name) for of, name in connection.execute(READ, (named(schema, view),)).fetchall()}


def fit_comments(connection: psycopg.Connection, name: str) -> None:
    """Comments as the candidate has them; nothing where they are so already."""
    have = columns(connection, "marts", name)
    for column, wanted in columns(connection, "candidate", name).items():
        if wanted.comment != have[column].comment:
            target = sql.Identifier("marts", name, column)
            connection.execute(sql.SQL("comment on column {} is {}").format(target, sql.Literal(wanted.comment)))
    comment = _comment(connection, "candidate", name)
    if comment != _comment(connection, "marts", name):
        kind = sql.SQL("view" if kinds(connection, "marts")[name] == "v" else "table")
        target = sql.Identifier("marts", name)
        connection.execute(sql.SQL("comment on {} {} is {}").format(kind, target, sql.Literal(comment)))


def change(connection: psycopg.Connection, name: str, statement: LiteralString, *parts: sql.Composable) -> None:
    """Run a statement on ``marts.<name>``, its first ``{}``. Raises ``UserError`` where somebody's view is in the way."""
    try:
        connection.execute(sql.SQL(statement).format(sql.Identifier("marts", name), *parts))
    except psycopg.errors.DependentObjectsStillExist as error:
        held = error.diag.message_detail or error.diag.message_primary
        raise UserError(
            f"marts.{name} has to change, but {held}. "
            "Drop the view that reads it, run the build again, and make the view anew."
        ) from None


def named(schema: str, name: str) -> str:
    """The relation's name as ``to_regclass`` reads it."""
    return f'"{schema}"."{name}"'


def _comment(connection: psycopg.Connection, schema: str, name: str) -> str | None:
    row = connection.execute("select obj_description(to_regclass(%s), 'pg_class')", (named(schema, name),)).fetchone()
    return row[0] if row else None
