"""Builds the candidate marts as of a business date, has them checked, and publishes what passes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from huitou.settings import Settings
from huitou.sources.retention import retire
from huitou.transform import dbt, state
from huitou.transform.dbt import DbtRun
from huitou.transform.fitted import build_models
from huitou.value import cluster_fits
from huitou.warehouse.connection import connect
from huitou.warehouse.migrate import one_at_a_time
from huitou.warehouse.publish import newest_publication, publish
from huitou.warehouse.steps import step


@dataclass(frozen=True)
class BuildResult:
    """What a build did.

    ``as_of``: the business date that ``marts`` stands at now. ``published``: the business date asked for is the one
    that was published; False when marts already stood at a newer one, which was then built and published anew.
    ``rows``: rows of each mart.
    """

    as_of: date
    models: int
    tests: int
    published: bool
    rows: dict[str, int]


def build(settings: Settings, business_date: date) -> BuildResult:
    """Leave ``candidate`` as of ``business_date`` and ``marts`` as of the newest date ever published.

    A date older than the newest published one brings late data: the newest date is built and published first, so
    that the marts hold it too. What was landed with personal data and is old by then is deleted. One build runs at a
    time; a second one waits. Raises what ``dbt.run``, the gate and
    ``publish`` raise; then nothing of the failing date was published.
    """
    with connect(settings) as connection, one_at_a_time(connection, "huitou.build"):
        newest = newest_publication(connection) or business_date
        marts_date = max(newest, business_date)
        for as_of in sorted({marts_date, business_date}, reverse=True):
            done = make_candidate(settings, connection, business_date, as_of)
            _gate(settings, connection, business_date, as_of)
            if as_of == marts_date:
                rows = _publish(settings, connection, business_date, as_of, done)
        retire(settings, business_date)
    return BuildResult(marts_date, done.models, done.tests, marts_date == business_date, rows)


def make_candidate(settings: Settings, connection: psycopg.Connection, night: date, as_of: date) -> DbtRun:
    """Leave ``candidate`` as of ``as_of``, tested by dbt but not gated. Raises as ``dbt.run``."""
    with step(connection, night, "build.dbt") as detail:
        only_touched = state.begin(connection, settings, as_of)
        done = build_models(settings, connection, night, as_of, only_touched)
        detail |= {
            "as_of": as_of,
            "only_touched": only_touched,
            "models": done.models,
            "tests": done.tests,
            "warnings": done.warnings,
        }
    if cluster_fits.is_due(connection, as_of):
        with step(connection, night, "build.clusters") as detail:
            fit = cluster_fits.fit(connection, as_of)
            detail |= {"as_of": as_of, "outcome": fit.outcome, "reason": fit.reason, "clusters": fit.clusters}
            dbt.run(settings, as_of, dbt.WHAT_CLUSTERS_MAKE, only_touched)
    state.done(connection, settings, as_of)
    return done


def _gate(settings: Settings, connection: psycopg.Connection, night: date, as_of: date) -> None:
    # The gate's library is heavy, and only this step needs it.
    from huitou.quality.gate import check

    with step(connection, night, "build.gate") as detail:
        detail["as_of"] = as_of
        check(settings, "marts", as_of)


def _publish(
    settings: Settings, connection: psycopg.Connection, night: date, as_of: date, done: DbtRun
) -> dict[str, int]:
    with step(connection, night, "build.publish") as detail:
        published = publish(settings, as_of, done.marts, done.touched)
        detail |= {"as_of": as_of, "rows": published.rows, "changed": published.changed}
    return published.rows
