"""What happened: why, status."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import click

from huitou.commands.common import console, date_option, json_option, ready
from huitou.errors import UserError


@click.command()
@click.argument("customer")
@click.option("--campaign", help="Only this campaign.")
@date_option(required=False)
@json_option
def why(customer: str, campaign: str | None, business_date: date | None, as_json: bool) -> None:
    """Say why a customer was or was not reached: every decision, with its reason.

    Example: huitou why c_0f3a… --campaign winback_coupon --date 2026-11-21
    """
    from huitou.campaigns.why import why as ask

    answer = ask(ready(), customer, campaign, business_date)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(answer), ensure_ascii=False, default=str))
        return
    click.echo(f"{answer.customer_key}: {answer.segment or 'in no segment yet'}")
    if not answer.reasons:
        click.echo("Never a candidate of a campaign in what was asked: no audience held this customer.")
    for reason in answer.reasons:
        click.echo(f"\n{reason.business_date} {reason.campaign}: {reason.outcome} — {reason.outcome_means}")
        click.echo(f"  {reason.outcome_means_zh}")
        click.echo(f"  candidate because: {reason.candidate_because} / {reason.candidate_because_zh}")
        if reason.message_id:
            click.echo(f"  message {reason.message_id}: {reason.message_state}")


@click.command()
@date_option(required=False)
@json_option
def status(business_date: date | None, as_json: bool) -> None:
    """Show what happened in a night (the newest one, unless --date says which).

    Example: huitou status --date 2026-11-21
    """
    from huitou import report

    settings = ready()
    day = business_date or report.latest_date(settings)
    if day is None:
        raise UserError("No night has run yet: run `huitou night --date YYYY-MM-DD`.")
    collected = report.collect(settings, day)
    if as_json:
        click.echo(json.dumps(collected, ensure_ascii=False, default=str))
    else:
        report.draw(collected, console)
