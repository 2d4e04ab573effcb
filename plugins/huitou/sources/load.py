"""The way of good rows to raw: a new key and version is loaded, the same again is a duplicate.

A key and version that came with several contents is settled by ``conflicts``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.conflicts import settle_conflicts
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.fragments import Sql, fragments

# From so many rows on it pays to insert first and look for repeated keys only where the index finds one.
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
    special = connection.execute(KNOWN).rowcount + _count(connection, "orphans", 1)
    if not special and _count(connection, "typed", MANY) == MANY:
        try:
            with connection.transaction():
                connection.execute(sql.SQL(INSERT).format(**parts))
        except psycopg.errors.UniqueViolation:
            pass
        else:
            return
    _load_with_repeats(connection, parts)


def _load_with_repeats(connection: psycopg.Connection, parts: dict[str, Sql]) -> None:
    connection.execute("analyze typed")
    repeats = connection.execute(sql.SQL(REPEATS).format(**parts)).rowcount
    if repeats:
        connection.execute("analyze repeats")
        repeats -= connection.execute(sql.SQL(SAME_AGAIN).format(**parts)).rowcount
        connection.execute("analyze verdicts")
    connection.execute(sql.SQL(INSERT + NOT_REPEATED).format(**parts))
    if repeats or _count(connection, "orphans", 1):
        settle_conflicts(connection, parts)


def _count(connection: psycopg.Connection, table: str, most: int) -> int:
    """The number of rows, counted no further than ``most``."""
    row = connection.execute(
        sql.SQL("select count(*) from (select from {} limit {}) as few").format(sql.Identifier(table), most)
    ).fetchone()
    assert row is not None
    return int(row[0])
