"""The one SELECT of a night: the table or query of a feed file, its window, and an order that a re-run repeats."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from huitou.errors import UserError
from huitou.sources.extract_spec import SqlSpec, bound_names, overlap
from huitou.sources.feeds import Feed
from huitou.sources.sql_dialect import cursor_parameter, instant_of, time_parameter
from huitou.sources.windows import Window
from huitou.yaml_files import did_you_mean

LOOK_BACK = {"timestamp": "1h", "date": "1d", "integer": "1000", "text": "0"}


def night_select(
    connection: sa.Connection, feed: Feed, zone: ZoneInfo, day: tuple[date, datetime, datetime], asked: Window
) -> sa.Select[Any]:
    """What to run for the window; ``day`` is the business date and the instants between which it lies.

    ``zone`` is the clock of times without an offset. Raises ``UserError`` where the table or its cursor is not there.
    """
    spec = feed.sql
    assert spec is not None
    conditions: list[sa.ColumnElement[bool]] = []
    if spec.table:
        origin, nullable = _table(connection, feed, spec)
        statement = sa.select(*origin.columns).select_from(origin)
    else:
        statement, nullable = _query(connection, spec, zone, day, asked), False
    if spec.cursor and not spec.takes_cursor:
        conditions = _within(connection, spec, zone, asked)
        if nullable and conditions:
            # A row without a value in the cursor is in no window, and would never come.
            conditions = [sa.or_(sa.and_(*conditions), sa.column(spec.cursor).is_(None))]
    order = dict.fromkeys([*([spec.cursor] if spec.cursor else []), *_key_columns(feed)])
    return statement.where(*conditions).order_by(*(sa.column(name) for name in order))


def _table(connection: sa.Connection, feed: Feed, spec: SqlSpec) -> tuple[sa.TableClause, bool]:
    """(the table with every column that is not ignored, may its cursor be null)."""
    schema, _, name = (spec.table or "").rpartition(".")
    try:
        found = sa.inspect(connection).get_columns(name, schema or None)
    except sa.exc.NoSuchTableError:
        raise UserError(f"{feed.feed}: sql.table: {spec.table} does not exist in {spec.connection}.") from None
    nullable = {column["name"]: column["nullable"] for column in found}
    if spec.cursor and spec.cursor not in nullable:
        hint = did_you_mean(spec.cursor, list(nullable))
        raise UserError(
            f"{feed.feed}: sql.cursor: {spec.table} has no column {spec.cursor}.{hint} It has: {', '.join(nullable)}."
        )
    wanted = [column for column in nullable if column not in feed.ignore or column == spec.cursor]
    table = sa.table(name, *(sa.column(column) for column in wanted), schema=schema or None)
    return table, bool(spec.cursor and nullable[spec.cursor])


def _query(
    connection: sa.Connection, spec: SqlSpec, zone: ZoneInfo, day: tuple[date, datetime, datetime], asked: Window
) -> sa.Select[Any]:
    night, start, end = day
    kind = connection.dialect.name
    values: dict[str, tuple[Any, sa.types.TypeEngine[Any]]] = {
        "business_date": (night, sa.Date()),
        "day_start": time_parameter(kind, start, zone),
        "day_end": time_parameter(kind, end, zone),
    }
    if spec.takes_cursor and asked.low is not None:
        values["cursor"] = cursor_parameter(kind, spec.cursor_type, asked.low, _back(spec, asked, zone), zone)
    named = dict.fromkeys(bound_names(spec.query or ""))
    text = sa.text((spec.query or "").rstrip().rstrip(";"))
    bound = text.bindparams(*(sa.bindparam(name, values[name][0], values[name][1]) for name in named))
    return sa.select(sa.text("*")).select_from(bound.columns().subquery("huitou_rows"))


def _within(connection: sa.Connection, spec: SqlSpec, zone: ZoneInfo, asked: Window) -> list[sa.ColumnElement[bool]]:
    kind = connection.dialect.name
    cursor: sa.ColumnClause[Any] = sa.column(spec.cursor or "")
    conditions: list[sa.ColumnElement[bool]] = []
    if asked.low is not None:
        low, low_type = cursor_parameter(kind, spec.cursor_type, asked.low, _back(spec, asked, zone), zone)
        conditions.append(cursor >= sa.bindparam("low", low, low_type))
    if asked.high is not None:
        nothing = timedelta() if spec.cursor_type in ("timestamp", "date") else 0
        high, high_type = cursor_parameter(kind, spec.cursor_type, asked.high, nothing, zone)
        end = sa.bindparam("high", high, high_type)
        conditions.append(cursor < end if isinstance(nothing, timedelta) else cursor <= end)
    return conditions


def first_value(spec: SqlSpec, zone: ZoneInfo) -> str | None:
    """Where the first night begins, as a window holds it."""
    if spec.start is None or spec.cursor_type != "timestamp":
        return spec.start
    return instant_of(spec.start, zone).isoformat()


def _back(spec: SqlSpec, asked: Window, zone: ZoneInfo) -> timedelta | int:
    """How far before the watermark to begin: what was committed late is there. Nothing lies before the start."""
    text = "0" if asked.low == first_value(spec, zone) else spec.look_back or LOOK_BACK[spec.cursor_type]
    return overlap(text) if spec.cursor_type in ("timestamp", "date") else int(text)


def _key_columns(feed: Feed) -> list[str]:
    names: list[str] = []
    for name in feed.contract.key:
        column = feed.columns.get(name)
        if column is not None:
            names += [column.source] if column.source else list(column.ordinal)
    return names
