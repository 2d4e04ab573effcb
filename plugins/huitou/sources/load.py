"""The way of good rows to raw: a new key and version is loaded, the same again is a duplicate.

A key and version that came with several contents is settled by ``conflicts``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.conflicts import settle_conflicts
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.fragments import Sql, fragments
from huitou.sources.raw_tables import add_key, drop_key, table_of

# From so many rows on it pays to insert first and look for repeated keys only where the key's index finds one.
MANY = 100_000

INSERT = """
insert into {table} ({columns}, _source, _version, _business_date, _file_id, _line)
select {t_columns}, {source}, t._version, t._day, t._file, t._line from typed as t
"""
# Rows whose key and version stand in the batch twice, or in raw, or that were said to have lost their rival there.
REPEATS = """
create temp table repeats on commit drop as
select t._file, t._line
from typed as t
join (select {key}, _version from typed group by {key}, _version having count(*) > 1) as c on {t_is_c}
union
select t._file, t._line from typed as t join {table} as r on {same_key}
union
select t._file, t._line from typed as t join orphans as c on {t_is_c}
except
select _file, _line from verdicts
"""
# The place of a row: what is lower came first, whatever order the files arrive in.
SAME_AGAIN = """
insert into verdicts
select t._file, t._line, 'duplicate'
from repeats as p
join typed as t on t._file = p._file and t._line = p._line
join arrived as a on a.file_id = t._file
join {table} as r on {same_key} and {same_content}
left join landing.files as f on f.file_id = r._file_id
where (r._business_date, coalesce(f.name, ''), r._line) <= (t._day, a.name, t._line)
"""
NOT_REPEATED = """
where not exists (select from repeats as p where p._file = t._file and p._line = t._line)
    and not exists (select from verdicts as v where v._file = t._file and v._line = t._line)
"""
KNOWN = "insert into verdicts select t._file, t._line, 'duplicate' from typed as t join known_bad using (_file, _line)"


def load_rows(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    """Put the rows of ``typed`` in raw, each key and version once; ``verdicts`` gets those that are not simply loaded.

    Rows of earlier files that lose to these leave raw for ``displaced``, and the manifest of their files follows.
    """
    parts = fragments(source_set, feed)
    special = _count(connection, sql.Identifier("orphans"), 1)
    if _count(connection, sql.Identifier("known_bad"), 1):
        special += connection.execute(KNOWN).rowcount
    if not special and _count(connection, sql.Identifier("typed"), MANY) == MANY:
        try:
            with connection.transaction():
                _insert(connection, feed, sql.SQL(INSERT).format(**parts))
        except psycopg.errors.UniqueViolation:
            pass
        else:
            return
    _load_with_repeats(connection, feed, parts)


def _load_with_repeats(connection: psycopg.Connection, feed: Feed, parts: dict[str, Sql]) -> None:
    connection.execute("analyze typed")
    repeats = connection.execute(sql.SQL(REPEATS).format(**parts)).rowcount
    if repeats:
        connection.execute("analyze repeats")
        repeats -= connection.execute(sql.SQL(SAME_AGAIN).format(**parts)).rowcount
        connection.execute("analyze verdicts")
    _insert(connection, feed, sql.SQL(INSERT + NOT_REPEATED).format(**parts))
    if repeats or _count(connection, sql.Identifier("orphans"), 1):
        settle_conflicts(connection, parts)


def _insert(connection: psycopg.Connection, feed: Feed, statement: sql.Composed) -> None:
    """Run an insert of the batch into raw; a batch larger than the table sorts its keys once, after its rows."""
    rows = _count(connection, sql.Identifier("typed"), None)
    if rows < MANY or _count(connection, table_of(feed.contract), rows) == rows:
        connection.execute(statement)
        return
    drop_key(connection, feed.contract)
    connection.execute(statement)
    add_key(connection, feed.contract)


def _count(connection: psycopg.Connection, table: sql.Identifier, most: int | None) -> int:
    """The number of rows, counted no further than ``most``."""
    row = connection.execute(
        sql.SQL("select count(*) from (select from {} limit {}) as few").format(table, sql.Literal(most))
    ).fetchone()
    assert row is not None
    return int(row[0])
