"""The fits that were made: kept one a model and business date, and which of them is in use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

MODELS = ("bg_nbd", "gamma_gamma")
# Days on which fits are due are counted from a Sunday, so that a weekly one closes the week.
A_SUNDAY = date(1970, 1, 4)


@dataclass(frozen=True)
class ValueFit:
    """A fit of ``model`` to the ``customers`` known as of ``as_of``.

    ``outcome``: accepted; refused (it did not converge, or the one in use told the holdout better); not_enough_data.
    ``reason`` says why it was not accepted. ``parameters`` by name, times in weeks. ``asked``: by a person, not due.
    """

    model: str
    as_of: date
    outcome: str
    reason: str | None
    customers: int
    parameters: dict[str, float] | None = None
    log_likelihood: float | None = None
    backtest: dict[str, Any] | None = None
    asked: bool = False


def is_due(connection: psycopg.Connection, as_of: date, every_days: int) -> bool:
    """A fit belongs to ``as_of``: every so many days, or since the last such day there was none.

    So the dates that have a fit do not depend on the order in which nights are run.
    """
    last_due = as_of - timedelta(days=(as_of - A_SUNDAY).days % every_days)
    row = connection.execute(
        "select exists (select from ops.value_fits where as_of >= %s and as_of < %s)", (last_due, as_of)
    ).fetchone()
    return not (row and row[0])


def forget(connection: psycopg.Connection, as_of: date) -> None:
    """Leave ``as_of``, on which none is due, without a fit that nobody asked for."""
    connection.execute("delete from ops.value_fits where as_of = %s and not asked", (as_of,))


def keep(connection: psycopg.Connection, as_of: date, fits: list[ValueFit]) -> None:
    """Make ``fits`` the fits of ``as_of``."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from ops.value_fits where as_of = %s", (as_of,))
        cursor.executemany(
            "insert into ops.value_fits (model, as_of, outcome, reason, customers, parameters, log_likelihood, backtest, asked)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(f.model, as_of, f.outcome, f.reason, f.customers, *_figures(f), f.asked) for f in fits],
        )


def in_use_before(connection: psycopg.Connection, model: str, as_of: date) -> ValueFit | None:
    """The newest accepted fit of a date before ``as_of``."""
    with connection.cursor(row_factory=class_row(ValueFit)) as cursor:
        return cursor.execute(
            "select * from ops.value_fits where model = %s and as_of < %s and outcome = 'accepted' "
            "order by as_of desc limit 1",
            (model, as_of),
        ).fetchone()


def up_to(connection: psycopg.Connection, as_of: date, most: int = 20) -> list[ValueFit]:
    """The newest fits of dates up to ``as_of``, newest first."""
    with connection.cursor(row_factory=class_row(ValueFit)) as cursor:
        return cursor.execute(
            "select * from ops.value_fits where as_of <= %s order by as_of desc, model limit %s", (as_of, most)
        ).fetchall()


def _figures(fit: ValueFit) -> tuple[str | None, float | None, str | None]:
    """Parameters, log-likelihood and back-test as the table takes them."""
    return _json(fit.parameters), fit.log_likelihood, _json(fit.backtest)


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value)
