"""The rows in quarantine, as a person asks for them, releases and dismisses them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.feeds import SourceSet, load_source_set
from huitou.sources.personal import EMAIL_PATTERN, PHONE_PATTERN
from huitou.sources.release import Review, recheck
from huitou.warehouse.connection import connect

CHOOSE = """
select quarantine_id, source, feed, state from quarantine.rows
where quarantine_id = any(%(ids)s)
    or %(ids)s::bigint[] = '{}' and state = 'open' and source = %(source)s and feed = %(feed)s
        and (%(reason)s::text is null or exists (
            select from unnest(reasons) as r (reason) where starts_with(r.reason, %(reason)s)
        ))
order by quarantine_id
"""
DISMISS = """
with dismissed as (
    update quarantine.rows as q
    set state = 'dismissed'
    from landing.files as f
    where f.file_id = q.file_id and q.quarantine_id = any(%(ids)s) and q.state = 'open'
    returning q.quarantine_id, q.source, q.feed, f.name, q.line, q.reasons
)
insert into quarantine.actions (quarantine_id, source, feed, file, line, action, by_whom, because, reasons)
select quarantine_id, source, feed, name, line, 'dismissed', %(who)s, %(because)s, reasons from dismissed
"""


@dataclass(frozen=True)
class Cases:
    """Rows of one file that were refused for the same reasons; ``example`` is one of their ids."""

    feed: str
    business_date: date
    file: str
    reasons: list[str]
    state: str
    rows: int
    example: int


@dataclass(frozen=True)
class Case:
    """One row in quarantine, as it was sent, and what was done about it."""

    quarantine_id: int
    feed: str
    business_date: date
    file: str
    line: int
    reasons: list[str]
    state: str
    closed_how: str | None
    closed_on: date | None
    closed_by: str | None
    actions: list[str]
    row: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """Rows of one feed that ended alike: released, dismissed, still open (with these reasons), or closed before."""

    feed: str
    outcome: str
    reasons: list[str]
    rows: int
    example: int


@dataclass(frozen=True)
class Selection:
    """Which rows a person means: these ids, or the open rows of a feed (with a reason that begins so)."""

    ids: tuple[int, ...] = ()
    feed: str | None = None
    reason: str | None = None
    everything: bool = False


def open_cases(settings: Settings, feed: str | None = None, closed: bool = False) -> list[Cases]:
    """Open rows, or with ``closed`` all rows, counted by feed, file, reasons and state."""
    with connect(settings) as connection, connection.cursor(row_factory=class_row(Cases)) as cursor:
        return cursor.execute(
            "select q.feed, q.business_date, f.name as file, q.reasons, q.state, count(*) as rows,"
            " min(q.quarantine_id) as example"
            " from quarantine.rows as q join landing.files as f using (file_id)"
            " where (q.state = 'open' or %(closed)s) and (%(feed)s::text is null or q.feed = %(feed)s)"
            " group by q.feed, q.business_date, f.name, q.reasons, q.state order by 1, 2, 3, 4, 5",
            {"feed": feed, "closed": closed},
        ).fetchall()


def one_case(settings: Settings, quarantine_id: int) -> Case:
    """The row of that id. Raises ``UserError`` where there is none."""
    with connect(settings) as connection, connection.cursor(row_factory=class_row(Case)) as cursor:
        case = cursor.execute(
            "select q.quarantine_id, q.feed, q.business_date, f.name as file, q.line, q.reasons, q.state,"
            " q.closed_how, q.closed_on, n.name || ' line ' || q.closed_by_line as closed_by, array("
            " select concat_ws(' ', to_char(a.at, 'YYYY-MM-DD HH24:MI'), a.action, 'by', a.by_whom || ':', a.because)"
            " from quarantine.actions as a where a.quarantine_id = q.quarantine_id order by a.action_id"
            " ) as actions, q.row"
            " from quarantine.rows as q join landing.files as f using (file_id)"
            " left join landing.files as n on n.file_id = q.closed_by_file and q.closed_how = 'sent_right'"
            " where q.quarantine_id = %s",
            (quarantine_id,),
        ).fetchone()
    if case is None:
        raise _unknown(quarantine_id)
    return case


def release(settings: Settings, selection: Selection, who: str) -> list[Outcome]:
    """Judge the chosen rows again under today's mapping and contract, and load what is right now.

    Rows that are closed already stay as they are. Raises ``UserError`` for an id or a feed that is not there.
    """
    source_set = load_source_set(settings)
    outcomes: list[Outcome] = []
    with connect(settings) as connection:
        chosen = _chosen(connection, source_set, selection)
        for feed, ids in _open(chosen).items():
            spec = source_set.feed(feed)
            reviews = recheck(connection, settings, source_set, spec, ids, who, "released by hand")
            outcomes += _counted(feed, reviews)
    return outcomes + _closed_before(chosen)


def dismiss(settings: Settings, selection: Selection, because: str, who: str) -> list[Outcome]:
    """Close the chosen open rows for good, without loading them; ``because`` is kept with who did it and when.

    Rows that are closed already stay as they are. Raises ``UserError`` as ``release`` does, or without a reason.
    """
    said = re.sub(PHONE_PATTERN, "[phone]", re.sub(EMAIL_PATTERN, "[e-mail]", because.strip()))
    if not said:
        raise UserError("--because is empty: say why these rows are not wanted; it is kept with the case.")
    with connect(settings) as connection, connection.transaction():
        chosen = _chosen(connection, load_source_set(settings), selection)
        feeds = _open(chosen)
        for feed in sorted(feeds):
            connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"huitou.ingest.{feed}",))
        connection.execute(DISMISS, {"ids": [i for ids in feeds.values() for i in ids], "who": who, "because": said})
    return [Outcome(f, "dismissed", [], len(ids), ids[0]) for f, ids in feeds.items()] + _closed_before(chosen)


def _chosen(
    connection: psycopg.Connection, source_set: SourceSet, selection: Selection
) -> Sequence[tuple[int, str, str]]:
    """(id, feed, state) of the rows that a person means."""
    if bool(selection.ids) == bool(selection.feed):
        raise UserError("Say which rows: ids, or --feed with --reason or --all. `huitou quarantine list` shows them.")
    if selection.feed:
        source_set.feed(selection.feed)
        if not (selection.reason or selection.everything):
            raise UserError(f"--feed {selection.feed} alone is every open row of it: add --reason REASON, or --all.")
    rows = connection.execute(
        CHOOSE,
        {
            "ids": list(selection.ids),
            "source": source_set.name,
            "feed": selection.feed,
            "reason": selection.reason,
        },
    ).fetchall()
    for missing in sorted(set(selection.ids) - {row[0] for row in rows}):
        raise _unknown(missing)
    for quarantine_id, source, _, _ in rows:
        if source != source_set.name:
            raise UserError(
                f"Row {quarantine_id} is of source {source}, and the settings read {source_set.name}: "
                "set HUITOU_SOURCES to the folder of its feeds."
            )
    return [(quarantine_id, feed, state) for quarantine_id, _, feed, state in rows]


def _open(chosen: Sequence[tuple[int, str, str]]) -> dict[str, list[int]]:
    """Ids of the open rows by feed."""
    feeds: dict[str, list[int]] = defaultdict(list)
    for quarantine_id, feed, state in chosen:
        if state == "open":
            feeds[feed].append(quarantine_id)
    return feeds


def _unknown(quarantine_id: int) -> UserError:
    return UserError(f"There is no row {quarantine_id} in quarantine: see `huitou quarantine list`.")


def _counted(feed: str, reviews: list[Review]) -> list[Outcome]:
    released = ("loaded", "duplicate")
    alike: Counter[tuple[str, tuple[str, ...]]] = Counter()
    example: dict[tuple[str, tuple[str, ...]], int] = {}
    for review in reviews:
        key = ("released", (review.outcome,)) if review.outcome in released else ("still open", tuple(review.reasons))
        alike[key] += 1
        example.setdefault(key, review.quarantine_id)
    return [Outcome(feed, key[0], list(key[1]), rows, example[key]) for key, rows in alike.items()]


def _closed_before(chosen: Sequence[tuple[int, str, str]]) -> list[Outcome]:
    alike: dict[tuple[str, str], list[int]] = defaultdict(list)
    for quarantine_id, feed, state in chosen:
        if state != "open":
            alike[feed, state].append(quarantine_id)
    return [Outcome(feed, f"was {state} before", [], len(ids), ids[0]) for (feed, state), ids in alike.items()]
