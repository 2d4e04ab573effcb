"""The shop, its feeds and the steps of a night."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from huitou.commands.common import BusinessDate, console, date_option, ensure_provider, json_option, ready, show
from huitou.errors import UserError


@click.group()
def shop() -> None:
    """The demo shop."""


@shop.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write to.")
@click.option("--customers", type=int, default=2000, show_default=True)
@click.option("--days", type=int, default=120, show_default=True, help="Nightly drops, the last one of --until.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--until", type=BusinessDate(), required=True, help="The newest business date.")
@click.option("--turns", is_flag=True, help="Plant turns for the worse into the last four weeks.")
@json_option
def generate(out: Path, customers: int, days: int, seed: int, until: date, turns: bool, as_json: bool) -> None:
    """Write a shop's nightly drops, and beside them the truth that they were made from.

    Example: huitou shop generate --out .huitou/shop --customers 2000 --days 120 --seed 1 --until 2026-11-21
    """
    from huitou.shop.generate import generate as write_shop

    show(write_shop(out, customers, days, seed, until, None if as_json else _progress, turns), as_json)


@shop.command()
@date_option()
@click.option("--shop", "folder", type=click.Path(path_type=Path, file_okay=False), help="The shop's folder.")
@json_option
def score(business_date: date, folder: Path | None, as_json: bool) -> None:
    """Score what the marts say against what was planted in the demo shop: people, classes, cheats, value, opinions, alerts.

    Example: huitou shop score --date 2026-11-21
    """
    from huitou.shop.alert_score import alerts, watchlist
    from huitou.shop.figures import Figure
    from huitou.shop.folder import TRUTH
    from huitou.shop.score import score as figures
    from huitou.value.calibration import calibration
    from huitou.warehouse.connection import connect

    settings = ready()
    truth = (folder or settings.home / "shop") / TRUTH
    with connect(settings) as connection:
        found = figures(connection, truth, business_date) + alerts(connection, truth) + watchlist(connection, truth)
    predicted = calibration(settings, truth, business_date)
    value = [
        Figure("value", f"{d.days} days, decile {d.decile}: predicted ÷ true spend", d.ratio, d.customers)
        for d in predicted.deciles
        if d.group == "all"
    ] + [
        Figure("value", f"{r.days} days: rank correlation", r.correlation, r.customers)
        for r in predicted.rankings
        if r.group == "all"
    ]
    show(found + (value or [Figure("value", "predicted ÷ true spend", None, 0)]), as_json)


def _progress(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{stage}: {done}/{total}" + ("\n" if done == total else ""), nl=False, err=True)


@click.command()
@click.argument("feed")
@date_option()
@json_option
def ingest(feed: str, business_date: date, as_json: bool) -> None:
    """Load one feed for one business date.

    Example: huitou ingest orders --date 2026-11-21
    """
    from huitou.sources.ingest import ingest as load

    show(load(ready(), feed, business_date), as_json)


@click.command()
@click.argument("gate", type=click.Choice(["raw", "marts"]))
@date_option()
@json_option
def check(gate: Any, business_date: date, as_json: bool) -> None:
    """Run a gate: on what the night brought (raw) or on the candidate marts (marts).

    Example: huitou check raw --date 2026-11-21
    """
    from huitou.quality.gate import check as run_gate

    report = run_gate(ready(), gate, business_date)
    failing = [result for result in report.results if not result.passed]
    if failing or as_json:
        show(list(report.results) if as_json else failing, as_json)
    if not as_json:
        click.echo(f"{len(report.results) - len(failing)} of {len(report.results)} rules passed.")


@click.command()
@date_option()
@json_option
def build(business_date: date, as_json: bool) -> None:
    """Build the candidate marts, gate them and publish them in one transaction.

    Example: huitou build --date 2026-11-21
    """
    from huitou.transform.build import build as run_build

    show(run_build(ready(), business_date), as_json)


@click.command()
@date_option()
@click.option("--with-contacts", is_flag=True, help="Also export the lists with contact points (personal data).")
@json_option
def plan(business_date: date, with_contacts: bool, as_json: bool) -> None:
    """Decide on every candidate of every campaign and write marketing's lists of the day.

    Example: huitou plan --date 2026-11-21
    """
    from huitou.campaigns.lists import write_lists
    from huitou.campaigns.planner import plan as run_plan

    settings = ready()
    results = run_plan(settings, business_date)
    paths = write_lists(settings, business_date)
    if with_contacts:
        paths |= {f"{name} with contacts": p for name, p in write_lists(settings, business_date, True).items()}
    show(results, as_json)
    for name, path in paths.items():
        click.echo(f"{name}: {path}", err=as_json)


@click.command()
@date_option()
@json_option
def deliver(business_date: date, as_json: bool) -> None:
    """Send what is approved, each message at most once.

    Example: huitou deliver --date 2026-11-21
    """
    from huitou.delivery.dispatcher import deliver as run_delivery

    settings = ready()
    ensure_provider(settings)
    show(run_delivery(settings, business_date), as_json)


@click.command()
@date_option()
@click.option("--until", type=BusinessDate(), help="Run every date from --date to this one.")
@json_option
def night(business_date: date, until: date | None, as_json: bool) -> None:
    """Run whole nights through the Airflow DAGs, in this process, one after another.

    Example: huitou night --date 2026-11-19 --until 2026-11-21
    """
    from huitou.night import run

    last = until or business_date
    if last < business_date:
        raise UserError(f"--until {last} lies before --date {business_date}.")
    dates = [business_date + timedelta(days=n) for n in range((last - business_date).days + 1)]
    settings = ready()
    ensure_provider(settings)
    sys.exit(run(settings, dates, console, as_json))
