"""Which rows a gate looks at: what the night brought to raw, or a candidate mart as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from huitou.errors import UserError
from huitou.quality.suites import MANIFEST, Suite


@dataclass(frozen=True)
class Batch:
    """The rows that a suite's rules are put to: a query, and how many rows it gives."""

    suite: Suite
    query: str
    rows: int


def batches(connection: psycopg.Connection, suites: Iterable[Suite], business_date: date) -> Iterator[Batch]:
    """One batch a suite. A feed that no night up to this one has loaded gives none.

    Raises ``UserError`` where a table is missing.
    """
    for suite in suites:
        _require_table(connection, suite, business_date)
        if suite.gate == "raw" and not _was_loaded(connection, suite, business_date):
            continue
        query = _query(connection, suite, business_date)
        yield Batch(suite, query, _count(connection, query))


def _require_table(connection: psycopg.Connection, suite: Suite, business_date: date) -> None:
    found = connection.execute("select to_regclass(%s)", (suite.dataset,)).fetchone()
    if found is None or found[0] is None:
        verb = "build" if suite.gate == "marts" else "ingest"
        raise UserError(
            f"{suite.dataset} does not exist, so its rules cannot be checked: "
            f"`huitou {verb} --help` tells the step that makes it for {business_date}."
        )


def _was_loaded(connection: psycopg.Connection, suite: Suite, business_date: date) -> bool:
    if suite.dataset == MANIFEST:
        return True
    found = connection.execute(
        "select exists (select from landing.files where feed = %s and night <= %s)",
        (suite.table, business_date),
    ).fetchone()
    return bool(found and found[0])


def _query(connection: psycopg.Connection, suite: Suite, business_date: date) -> str:
    table = sql.Identifier(*suite.dataset.split("."))
    night = sql.Literal(business_date.isoformat())
    if suite.gate == "marts":
        query = sql.SQL("select * from {}").format(table)
    elif suite.dataset == MANIFEST:
        query = sql.SQL("select * from {} where night = date {}").format(table, night)
    else:
        files = sql.SQL("select file_id from landing.files where night = date {} and feed = {}").format(
            night, sql.Literal(suite.table)
        )
        query = sql.SQL("select * from {} where _file_id in ({})").format(table, files)
    return query.as_string(connection)


def _count(connection: psycopg.Connection, query: str) -> int:
    found = connection.execute(f"select count(*) from ({query}) as batch".encode()).fetchone()
    return int(found[0]) if found else 0
