"""The pieces of SQL that differ from feed to feed."""

from __future__ import annotations

from psycopg import sql

from huitou.sources import sums
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.raw_tables import table_of

Sql = sql.Composable


def fragments(source_set: SourceSet, feed: Feed) -> dict[str, Sql]:
    """By name, for ``sql.SQL(…).format``.

    ``t`` stands for a row of ``typed``, ``r`` for one of raw, ``c`` for one of a table with the contract's key and
    ``_version``. ``same_key`` says that r is the row of t's key and version, ``same_content`` that nothing else of
    them differs.
    """
    columns, key = list(feed.contract.columns), list(feed.contract.key)
    source = sql.Literal(source_set.name)
    return {
        "table": table_of(feed.contract),
        "source": source,
        "feed": sql.Literal(feed.feed),
        "figures": sums.figures_of_content(feed.contract, "_content"),
        "columns": _of(None, columns),
        "key": _of(None, key),
        "t_columns": _of("t", columns),
        "r_columns": _of("r", columns),
        "t_key": _of("t", key),
        "r_key": _of("r", key),
        "c_key": _of("c", key),
        "same_key": sql.SQL("(r._source = {} and {} and r._version = t._version)").format(source, _same("r", "t", key)),
        "r_is_c": sql.SQL("(r._source = {} and {} and r._version = c._version)").format(source, _same("r", "c", key)),
        "t_is_c": sql.SQL("({} and t._version = c._version)").format(_same("t", "c", key)),
        "same_content": sql.SQL("(({}) is not distinct from ({}))").format(_of("t", columns), _of("r", columns)),
    }


def _of(table: str | None, names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) if table else sql.Identifier(name) for name in names)


def _same(one: str, other: str, names: list[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(one, name), sql.Identifier(other, name)) for name in names
    )
