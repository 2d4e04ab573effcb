"""The two gates of a night: on what came in (raw), and on what would be published (marts).

A critical rule that fails stops the night before anything is published; a warning is recorded. Verdicts stand in
``ops.gate_results`` with the keys of some failing rows, never with their values.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from huitou.errors import DataQualityError, UserError
from huitou.quality.batches import batches
from huitou.quality.examine import Examiner, RuleResult
from huitou.quality.suites import FOLDER, GATES, Gate, load_suites
from huitou.settings import Settings
from huitou.sources.feeds import load_source_set
from huitou.warehouse.connection import connect, sqlalchemy_url
from huitou.warehouse.steps import step

log = logging.getLogger(__name__)
KEYS_TOLD = 3


@dataclass(frozen=True)
class GateReport:
    """What a gate found: one result a rule, and how many rows of each dataset it looked at."""

    gate: Gate
    business_date: date
    results: list[RuleResult]
    seconds: float
    rows: dict[str, int]

    @property
    def stops(self) -> list[RuleResult]:
        """Failed critical rules."""
        return [r for r in self.results if not r.passed and r.severity == "critical"]

    @property
    def warnings(self) -> list[RuleResult]:
        """Failed rules that are recorded only."""
        return [r for r in self.results if not r.passed and r.severity == "warning"]


def check(settings: Settings, gate: Gate, business_date: date, folder: Path = FOLDER) -> GateReport:
    """Put every suite of the gate to its rows, record the verdicts, and stop on a failed critical rule.

    Gate ``raw`` looks at the rows that the night brought, gate ``marts`` at whole candidate tables. Raises
    ``DataQualityError`` where a critical rule failed (the verdicts are recorded all the same), ``UserError`` for
    a suite or table that is not right, ``PermanentError`` for a rule that could not be evaluated.
    """
    if gate not in GATES:
        raise UserError(f"{gate} is not a gate. Gates are: {', '.join(GATES)}.")
    with connect(settings) as connection, step(connection, business_date, f"check.{gate}") as detail:
        report = _examine(settings, connection, gate, business_date, folder)
        _record(connection, report)
        detail.update(
            rows=report.rows,
            rules=len(report.results),
            warnings=len(report.warnings),
            stops=len(report.stops),
        )
        for warning in report.warnings:
            log.warning("gate %s on %s: %s", gate, business_date, _told(warning))
        if report.stops:
            raise DataQualityError(_verdict(report))
    return report


def _examine(
    settings: Settings, connection: psycopg.Connection, gate: Gate, business_date: date, folder: Path
) -> GateReport:
    began = time.monotonic()
    suites = load_suites(gate, folder)
    results: list[RuleResult] = []
    rows: dict[str, int] = {}
    values = _values(settings, connection, gate, business_date)
    chosen = list(batches(connection, suites, business_date))
    with Examiner(sqlalchemy_url(settings), gate, values) as examiner:
        for batch in chosen:
            rows[batch.suite.dataset] = batch.rows
            results += examiner.examine(batch)
    return GateReport(gate, business_date, results, time.monotonic() - began, rows)


def _values(settings: Settings, connection: psycopg.Connection, gate: Gate, business_date: date) -> Mapping[str, str]:
    values = {"business_date": f"date '{business_date.isoformat()}'"}
    if gate == "raw":
        source = load_source_set(settings)
        values["time_zone"] = sql.Literal(source.time_zone).as_string(connection)
        values["base_currency"] = sql.Literal(source.base_currency).as_string(connection)
    return values


def _record(connection: psycopg.Connection, report: GateReport) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('huitou.gate_results'))")
        night = (report.business_date, report.gate)
        cursor.execute("delete from ops.gate_results where business_date = %s and gate = %s", night)
        cursor.executemany(
            "insert into ops.gate_results"
            " (business_date, gate, dataset, rule, severity, passed, failing, keys)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [(*night, r.dataset, r.rule, r.severity, r.passed, r.failing, json.dumps(r.keys)) for r in report.results],
        )


def _verdict(report: GateReport) -> str:
    told = "; ".join(_told(stop) for stop in report.stops)
    return (
        f"Gate {report.gate} is closed for {report.business_date}: {told}. Nothing was published and nothing "
        "will be sent. Mend the data or the rule, then run the night again."
    )


def _told(result: RuleResult) -> str:
    some = ", ".join("/".join(key.values()) for key in result.keys[:KEYS_TOLD])
    if not some:
        return f"{result.dataset}: {result.rule}: {result.failing} failing"
    columns = "/".join(result.keys[0])
    return f"{result.dataset}: {result.rule}: {result.failing} failing, {columns} {some}" + (
        " …" if result.failing > min(KEYS_TOLD, len(result.keys)) else ""
    )
