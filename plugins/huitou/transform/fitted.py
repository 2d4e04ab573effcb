"""A build in two runs of dbt, with the fit of customer value between them, on dates that a fit belongs to.

On all other dates one run does: what it scores with is an older fit. A run more costs about half a second.
"""

from __future__ import annotations

from datetime import date

import psycopg

from huitou.settings import Settings
from huitou.transform import dbt, state
from huitou.transform.dbt import NIGHTLY, DbtRun
from huitou.value.fits import ValueFit, forget, is_due
from huitou.value.fitting import fit
from huitou.warehouse.steps import step

READ_BY_FIT = ("+int_customers__purchases", "+int_value__backtest")
# Cautious: a test belongs to the run that has all of its models, so that each test runs once.
FIRST = (*NIGHTLY, "--indirect-selection", "cautious", "--select", *READ_BY_FIT)
REST = (*NIGHTLY, "--indirect-selection", "cautious", "--exclude", *READ_BY_FIT)


def build_models(
    settings: Settings, connection: psycopg.Connection, night: date, as_of: date, only_touched: bool
) -> DbtRun:
    """Build every model as of ``as_of``, fitting customer value on the way where a fit is due.

    ``only_touched``: what ``state.begin`` said. Raises as ``dbt.run``.
    """
    if not is_due(connection, as_of, settings.value_fit_days):
        forget(connection, as_of)
        return dbt.run(settings, as_of, only_touched=only_touched)
    first = dbt.run(settings, as_of, FIRST, only_touched)
    fit_value(connection, night, as_of)
    return first + dbt.run(settings, as_of, REST, only_touched)


def build_what_fits_read(settings: Settings, connection: psycopg.Connection, as_of: date) -> None:
    """The models that a fit reads, and all before them, anew and of this date alone."""
    state.forget(connection)
    dbt.run(settings, as_of, FIRST)


def fit_value(connection: psycopg.Connection, night: date, as_of: date, asked: bool = False) -> list[ValueFit]:
    """Fit, as a step of the night. ``asked``: by a person."""
    with step(connection, night, "build.value") as detail:
        fits = fit(connection, as_of, asked)
        detail |= {"as_of": as_of, **{f.model: f.reason or f.outcome for f in fits}}
    return fits
