"""Schema drift: how the columns of a file differ from those that the mapping reads.

A column that came is recorded and told once; an optional one that is gone is empty from then on; a required one that
is gone stops the feed; one that changed its type has its rows in quarantine.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg

from huitou.errors import UserError
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.readers import read_columns

log = logging.getLogger(__name__)
# From here on two names are taken for one column's old and new name.
LIKENESS = 0.5
MOST_TOLD = 500
# A column has changed its type where more than this share of a file's rows does not fit it, and more than this many.
RETYPED_SHARE, RETYPED_ROWS = 0.5, 2


@dataclass(frozen=True)
class Difference:
    """What a file's columns are, which of them nobody reads, and which are read but not there."""

    columns: tuple[str, ...]
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    hints: dict[str, str] = field(default_factory=dict)


def columns_there(feed: Feed, path: Path, called: str = "") -> list[str]:
    """The source columns of the mapping that the landed file at ``path`` can give; the others will be empty.

    Raises ``UserError`` where a column is gone that the contract cannot do without, with the one that may be it.
    """
    wanted = list(feed.source_columns)
    if feed.files.may_omit:
        # A JSON record may leave out what it has no value for; a table may not.
        return wanted
    have = read_columns(path, feed.files)
    seen = difference(feed, have)
    needed = required_columns(feed)
    for name in seen.missing:
        if name in needed:
            raise UserError(
                f"{feed.feed}: {called or path.name} has no column {name!r}. It has: {', '.join(have)[:MOST_TOLD]}."
                f"{seen.hints.get(name, '')} Mend the file, or map the column in the feed file."
            )
    return [name for name in wanted if name in have]


def difference(feed: Feed, have: Sequence[str]) -> Difference:
    """How ``have``, the columns of a file, differ from the mapping."""
    added = tuple(name for name in have if name not in feed.source_columns and name not in feed.ignore)
    gone = () if feed.files.may_omit else tuple(name for name in feed.source_columns if name not in have)
    return Difference(tuple(have), added, gone, _renamed(feed, gone, added))


def required_columns(feed: Feed) -> set[str]:
    """The source columns without which a record has no key, no version or not what its contract requires."""
    contract = feed.contract
    needed = {*contract.required, *contract.key, *([contract.version] if contract.version else [])}
    names: set[str] = {feed.files.date_column} if feed.files.date_column else set()
    for name, mapping in feed.columns.items():
        if name in needed:
            names |= {mapping.source} if mapping.source else set(mapping.ordinal)
    return names


def _renamed(feed: Feed, gone: Sequence[str], added: Sequence[str]) -> dict[str, str]:
    """For each column that is gone, the new one that may be it, and where to say so."""
    hints = {}
    for name in gone:
        alike = {new: difflib.SequenceMatcher(None, name.lower(), new.lower()).ratio() for new in added}
        best = max(alike, key=lambda new: alike[new], default=None)
        if best is not None and (alike[best] >= LIKENESS or len(gone) == len(added) == 1):
            target = next((c for c, m in feed.columns.items() if m.source == name or name in m.ordinal), None)
            place = f"columns.{target}.from: {best}" if target else f"files.date_column: {best}"
            hints[name] = f" Column {best!r} is new: if it was renamed, set {place} in {feed.feed}.yml."
    return hints


def record(
    connection: psycopg.Connection, source_set: SourceSet, feed: Feed, differences: dict[int, Difference]
) -> list[str]:
    """Keep the columns of each file and what changed with it; returns the columns told now for the first time.

    ``differences`` is by file id. Runs in the transaction that loads the files, after their manifest.
    """
    newest = _newest_day(connection, source_set, feed)
    told: list[str] = []
    for file_id, day in _in_order(connection, differences):
        seen_now = differences[file_id]
        connection.execute(
            "insert into landing.headers (file_id, columns) values (%s, %s)", (file_id, list(seen_now.columns))
        )
        kinds = {"added": seen_now.added, "missing": seen_now.missing, "retyped": _retyped(connection, file_id)}
        seen = [(kind, name) for kind, names in kinds.items() for name in names]
        fresh = [one for one in seen if _mark(connection, source_set, feed, file_id, day, one, seen_now)]
        _tell(feed, day, fresh, seen_now)
        told += [name for kind, name in fresh if kind == "added"]
        if newest is None or day >= newest:
            _end(connection, source_set, feed, seen)
    return told


def _in_order(connection: psycopg.Connection, files: Iterable[int]) -> list[tuple[int, date]]:
    """(file id, day) by day."""
    return connection.execute(
        "select file_id, business_date from landing.files where file_id = any(%s) order by business_date, file_id",
        (list(files),),
    ).fetchall()


def _newest_day(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> date | None:
    row = connection.execute(
        "select max(f.business_date) from landing.headers join landing.files as f using (file_id)"
        " where f.source = %s and f.feed = %s",
        (source_set.name, feed.feed),
    ).fetchone()
    return row[0] if row else None


def _retyped(connection: psycopg.Connection, file_id: int) -> list[str]:
    """Contract columns whose text does not fit their type in most rows of the file."""
    rows = connection.execute(
        "select split_part(r.reason, ':', 2) from refused as b cross join unnest(b._reasons) as r (reason)"
        " where b._file = %(file)s and r.reason like 'not\\_a%%' group by 1"
        " having count(*) > %(rows)s and count(*) > %(share)s * ("
        "select rows_seen + ahead from landing.files where file_id = %(file)s) order by 1",
        {"file": file_id, "rows": RETYPED_ROWS, "share": RETYPED_SHARE},
    ).fetchall()
    return [name for (name,) in rows]


def _mark(
    connection: psycopg.Connection,
    source_set: SourceSet,
    feed: Feed,
    file_id: int,
    day: date,
    one: tuple[str, str],
    difference: Difference,
) -> bool:
    """Keep one change; true where it is to be told: it is new, or had been over."""
    row = connection.execute(
        """
        with before as (
            select over from landing.drift where source = %(source)s and feed = %(feed)s and kind = %(kind)s
                and name = %(name)s
        )
        insert into landing.drift as d (source, feed, kind, name, since, first_file, last_file, hint)
        values (%(source)s, %(feed)s, %(kind)s, %(name)s, %(day)s, %(file)s, %(file)s, %(hint)s)
        on conflict (source, feed, kind, name) do update set last_file = excluded.last_file, over = false,
            since = case when d.over then excluded.since else least(d.since, excluded.since) end,
            first_file = case when d.over then excluded.first_file else d.first_file end
        returning coalesce((select over from before), true)
        """,
        {
            "source": source_set.name,
            "feed": feed.feed,
            "kind": one[0],
            "name": one[1],
            "day": day,
            "file": file_id,
            "hint": difference.hints.get(one[1], "").strip(),
        },
    ).fetchone()
    return bool(row and row[0])


def _end(connection: psycopg.Connection, source_set: SourceSet, feed: Feed, seen: list[tuple[str, str]]) -> None:
    """What the newest file does not show any more is over."""
    connection.execute(
        "update landing.drift set over = true where source = %s and feed = %s and not over"
        " and kind || ':' || name <> all (%s)",
        (source_set.name, feed.feed, [f"{kind}:{name}" for kind, name in seen]),
    )


def _tell(feed: Feed, day: date, fresh: list[tuple[str, str]], difference: Difference) -> None:
    says = {
        "added": "column %r is new and no mapping reads it",
        "missing": "column %r is gone, its values are empty from now on.%s",
        "retyped": "most values of column %r are not of its type any more; their rows are in quarantine",
    }
    for kind, name in fresh:
        extra = (difference.hints.get(name, ""),) if kind == "missing" else ()
        log.warning("%s of %s: " + says[kind], feed.feed, day, name, *extra)  # noqa: G003
