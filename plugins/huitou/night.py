"""`huitou night`: nights through Airflow, with progress while they run and the report after each."""

from __future__ import annotations

import json
import time
from datetime import date

import click
from rich.console import Console

from huitou import report
from huitou.errors import HuitouError
from huitou.settings import Settings


def run(settings: Settings, dates: list[date], console: Console, as_json: bool = False) -> int:
    """Run the nights; returns the exit code. The first one that fails ends the run."""
    from huitou.orchestration.events import NightEvent
    from huitou.orchestration.night import run_nights

    began = time.monotonic()
    reports = []

    def tell(event: NightEvent) -> None:
        if event.kind == "night_ended":
            collected = report.collect(settings, event.business_date)
            reports.append(collected)
            if not as_json:
                report.draw(collected, console)
        elif not as_json and event.kind in ("task_done", "task_retry", "task_failed"):
            seconds = f" {event.seconds:5.1f} s" if event.kind == "task_done" else f" {event.kind[5:]}: {event.message}"
            console.print(f"{event.business_date} {event.task}{seconds}", markup=False)

    outcomes = run_nights(settings, dates, tell)
    if as_json:
        click.echo(json.dumps(reports, ensure_ascii=False, default=str))
    failed = next((outcome for outcome in outcomes if not outcome.ok), None)
    if failed is not None:
        click.echo(f"huitou: night {failed.business_date}: {failed.failed_task}: {failed.error}", err=True)
        click.echo(f"Its log: {failed.log}", err=True)
        return HuitouError.exit_code
    if not as_json:
        whole = time.monotonic() - began
        work = sum(row["seconds"] for r in reports for row in r["steps"] if row["step"] != "build.gate")
        console.print(f"{len(outcomes)} nights in {whole:.1f} s, {100 * work / whole:.0f} % of it data work.")
    return 0
