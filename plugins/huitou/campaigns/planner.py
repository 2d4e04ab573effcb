"""The planner: one decision a candidate, one message a person to be reached, one coupon code a message.

A campaign's night is planned in one transaction and once: planning it again finds the plan and changes nothing. A
date that is older than the campaign's newest plan is a backfill; its candidates get their reasons, and none is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from huitou.campaigns.definition import Campaign, load_campaigns
from huitou.errors import HuitouError, UserError
from huitou.settings import Settings
from huitou.sources.feeds import SourceSet, load_source_set
from huitou.warehouse.connection import connect
from huitou.warehouse.steps import step
from huitou.warehouse.vault import Vault

BUCKETS = 10_000
CANDIDATES_STEP = "build.gate"


@dataclass(frozen=True)
class PlanResult:
    """A campaign's night: ``candidates`` is the sum of ``decisions``, by outcome. ``planned`` is false on a re-run."""

    campaign: str
    business_date: date
    candidates: int
    decisions: dict[str, int]
    planned: bool


def plan(settings: Settings, business_date: date) -> list[PlanResult]:
    """Plan every campaign for one business date, in the order of their priority.

    Raises ``UserError`` where the candidate marts do not stand at that date.
    """
    campaigns = load_campaigns(settings)
    source_set = load_source_set(settings)
    vault = Vault(settings)
    with connect(settings) as connection, step(connection, business_date, "plan") as detail:
        _check_candidates(connection, business_date)
        results = [_plan(connection, source_set, vault, campaign, business_date) for campaign in campaigns]
        detail.update({result.campaign: result.decisions for result in results})
    return results


def _check_candidates(connection: psycopg.Connection, business_date: date) -> None:
    row = connection.execute(
        "select business_date from ops.steps where step = %s and outcome = 'done' order by step_id desc limit 1",
        (CANDIDATES_STEP,),
    ).fetchone()
    if row is None or row[0] != business_date:
        stands = f"stand at {row[0]}" if row else "were never built"
        raise UserError(f"The audiences {stands}: run `huitou build --date {business_date}` first.")


def _plan(
    connection: psycopg.Connection, source_set: SourceSet, vault: Vault, campaign: Campaign, day: date
) -> PlanResult:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('huitou.plan'))")
        planned = not _is_planned(connection, campaign, day)
        if planned:
            _decide(connection, source_set, vault, campaign, day)
        return _result(connection, campaign, day, planned)


def _is_planned(connection: psycopg.Connection, campaign: Campaign, day: date) -> bool:
    found = connection.execute(
        "select from ops.plans where campaign = %s and business_date = %s", (campaign.campaign, day)
    ).fetchone()
    return found is not None


def _decide(connection: psycopg.Connection, source_set: SourceSet, vault: Vault, campaign: Campaign, day: date) -> None:
    audience = sql.Identifier(campaign.audience)
    values = _parameters(connection, source_set, vault, campaign, day)
    _assign_holdouts(connection, audience, values)
    text = (resources.files("huitou.campaigns") / "plan.sql").read_text(encoding="utf-8")
    connection.execute(sql.SQL(text).format(audience=audience), values)
    connection.execute(
        "insert into ops.plans (campaign, business_date, definition, candidates)"
        " select %(campaign)s, %(day)s, %(definition)s, count(*) from considered",
        values,
    )
    connection.execute(
        "insert into ops.decisions"
        " (campaign, business_date, customer_key, outcome, period, reason, reason_zh, segment, value, message_id)"
        " select %(campaign)s, %(day)s, customer_key, outcome, %(period)s, reason, reason_zh, segment, value,"
        " case when outcome = 'send' then message_id end from considered",
        values,
    )
    _write_messages(connection, campaign, values)
    connection.execute("drop table considered")


def _parameters(
    connection: psycopg.Connection, source_set: SourceSet, vault: Vault, campaign: Campaign, day: date
) -> dict[str, Any]:
    newest = connection.execute(
        "select max(business_date) from ops.plans where campaign = %s", (campaign.campaign,)
    ).fetchone()
    close = datetime.combine(day + timedelta(days=1), time(), tzinfo=source_set.zone)
    return {
        "campaign": campaign.campaign,
        "definition": campaign.sha256,
        "day": day,
        "period": period_of(campaign.period, day),
        "channel": campaign.channel,
        "contact": campaign.contact,
        "consent": campaign.consent,
        "cap_days": campaign.cap.days,
        "cap_messages": campaign.cap.messages,
        "budget": campaign.budget,
        "has_offer": campaign.offer is not None,
        "is_stale": bool(newest and newest[0] and newest[0] > day),
        "held_out_below": round(campaign.holdout * BUCKETS),
        "buckets": BUCKETS,
        "holdout_salt": vault.secret("holdout"),
        "code_salt": vault.secret("coupon"),
        "expires_at": close + timedelta(hours=campaign.fresh_hours),
        "template": campaign.template,
        "language": campaign.language,
    }


def period_of(unit: str, day: date) -> str:
    """The name of the period that ``day`` lies in: a person is reached at most once within it."""
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02d}"
    if unit == "month":
        return day.strftime("%Y-%m")
    if unit == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return str(day.year) if unit == "year" else "once"


def _assign_holdouts(connection: psycopg.Connection, audience: sql.Identifier, values: dict[str, Any]) -> None:
    """Give every candidate a bucket by a salted hash of the person; who has one keeps it for ever."""
    connection.execute(
        sql.SQL(
            """
            insert into ops.holdouts (campaign, customer_key, assigned_on, bucket, held_out)
            select %(campaign)s, customer_key, %(day)s, bucket, bucket < %(held_out_below)s
            from (
                select customer_key,
                    ('x' || substr(encode(sha256(convert_to(
                        %(holdout_salt)s || chr(31) || %(campaign)s || chr(31) || customer_key, 'UTF8'
                    )), 'hex'), 1, 8))::bit(32)::bigint %% %(buckets)s as bucket
                from candidate.{audience} where business_date = %(day)s
            ) as hashed
            on conflict do nothing
            """
        ).format(audience=audience),
        values,
    )


def _write_messages(connection: psycopg.Connection, campaign: Campaign, values: dict[str, Any]) -> None:
    values = values | {"offer": Jsonb(None), "valid_days": 0}
    if campaign.offer:
        values |= {"offer": Jsonb(campaign.offer.model_dump(mode="json")), "valid_days": campaign.offer.valid_days}
    coupon = """
        || jsonb_build_object(
            'code', code, 'amount', %(offer)s::jsonb ->> 'amount', 'threshold', %(offer)s::jsonb ->> 'threshold',
            'currency', %(offer)s::jsonb ->> 'currency', 'valid_to', to_char(valid_to, 'YYYY-MM-DD')
        )
    """
    connection.execute(
        f"""
        with sending as (
            select *,
                'HT' || upper(substr(encode(sha256(convert_to(
                    %(code_salt)s || chr(31) || message_id, 'UTF8'
                )), 'hex'), 1, 12)) as code,
                %(day)s::date + 1 as valid_from, %(day)s::date + %(valid_days)s::int as valid_to
            from considered where outcome = 'send'
        ), messages as (
            insert into ops.messages (message_id, campaign, period, customer_key, channel, contact_kind, contact_hash,
                consent, business_date, expires_at, payload)
            select message_id, %(campaign)s, %(period)s, customer_key, %(channel)s, %(contact)s, contact_hash,
                %(consent)s, %(day)s, %(expires_at)s, jsonb_build_object(
                    'template', %(template)s::text, 'campaign', %(campaign)s::text, 'customer_key', customer_key,
                    'values', jsonb_build_object(
                        'reason', case when %(language)s = 'zh' then reason_zh else reason end,
                        'segment', segment, 'value', value::text
                    ) {coupon if campaign.offer else ""}
                )
            from sending
        )
        insert into ops.coupons (code, campaign, period, customer_key, message_id, offer, valid_from, valid_to)
        select code, %(campaign)s, %(period)s, customer_key, message_id, %(offer)s::jsonb, valid_from, valid_to
        from sending where %(valid_days)s > 0
        """,
        values,
    )


def _result(connection: psycopg.Connection, campaign: Campaign, day: date, planned: bool) -> PlanResult:
    candidates = connection.execute(
        "select candidates from ops.plans where campaign = %s and business_date = %s", (campaign.campaign, day)
    ).fetchone()
    assert candidates is not None
    decisions = connection.execute(
        "select outcome, count(*) from ops.decisions where campaign = %s and business_date = %s"
        " group by outcome order by outcome",
        (campaign.campaign, day),
    ).fetchall()
    if sum(count for _, count in decisions) != candidates[0]:
        raise HuitouError(f"{campaign.campaign} {day}: decisions do not add up to the candidates; nothing was planned.")
    return PlanResult(campaign.campaign, day, candidates[0], dict(decisions), planned)
