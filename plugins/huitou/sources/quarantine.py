"""The rows in quarantine, as a person asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.rows import class_row

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect


@dataclass(frozen=True)
class Cases:
    """Open rows of one file that were refused for the same reasons; ``example`` is one of their ids."""

    feed: str
    business_date: date
    file: str
    reasons: list[str]
    rows: int
    example: int


@dataclass(frozen=True)
class Case:
    """One row in quarantine, as it was sent."""

    quarantine_id: int
    feed: str
    business_date: date
    file: str
    line: int
    reasons: list[str]
    state: str
    row: dict[str, Any]


def open_cases(settings: Settings, feed: str | None = None) -> list[Cases]:
    """Open rows, counted by feed, file and reasons."""
    with connect(settings) as connection, connection.cursor(row_factory=class_row(Cases)) as cursor:
        return cursor.execute(
            "select q.feed, q.business_date, f.name as file, q.reasons, count(*) as rows,"
            " min(q.quarantine_id) as example"
            " from quarantine.rows as q join landing.files as f using (file_id)"
            " where q.state = 'open' and (%(feed)s::text is null or q.feed = %(feed)s)"
            " group by q.feed, q.business_date, f.name, q.reasons order by q.feed, q.business_date, f.name, q.reasons",
            {"feed": feed},
        ).fetchall()


def one_case(settings: Settings, quarantine_id: int) -> Case:
    """The row of that id. Raises ``UserError`` where there is none."""
    with connect(settings) as connection, connection.cursor(row_factory=class_row(Case)) as cursor:
        case = cursor.execute(
            "select q.quarantine_id, q.feed, q.business_date, f.name as file, q.line, q.reasons, q.state, q.row"
            " from quarantine.rows as q join landing.files as f using (file_id) where q.quarantine_id = %s",
            (quarantine_id,),
        ).fetchone()
    if case is None:
        raise UserError(f"There is no row {quarantine_id} in quarantine: see `huitou quarantine list`.")
    return case
