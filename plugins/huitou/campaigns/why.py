"""Why a customer did or did not get a message: the decision ledger, read for one person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from huitou.campaigns.outcomes import explain
from huitou.settings import Settings
from huitou.sources.identity import customer_key_of
from huitou.warehouse.connection import connect


@dataclass(frozen=True)
class Reason:
    """One decision on the person: why they were a candidate, what was decided, what became of the message."""

    business_date: date
    campaign: str
    candidate_because: str
    candidate_because_zh: str
    outcome: str
    outcome_means: str
    outcome_means_zh: str
    message_id: str | None
    message_state: str | None


@dataclass(frozen=True)
class Why:
    """Everything decided on one person; ``segment`` is the lifecycle class in the marts as published."""

    customer_key: str
    segment: str | None
    reasons: list[Reason]


def why(settings: Settings, customer: str, campaign: str | None = None, business_date: date | None = None) -> Why:
    """The decisions on ``customer`` (a customer key, or the source's customer id), newest first.

    Raises ``UserError`` where nobody is known by that name.
    """
    with connect(settings) as connection:
        key = customer_key_of(connection, customer)
        rows = connection.execute(
            "select d.business_date, d.campaign, d.reason, d.reason_zh, d.outcome, d.message_id::text, m.state"
            " from ops.decisions as d left join ops.messages as m using (message_id)"
            " where vault.current_key(d.customer_key) = %(key)s and (%(campaign)s::text is null or d.campaign = %(campaign)s)"
            " and (%(day)s::date is null or d.business_date = %(day)s)"
            " order by d.business_date desc, d.campaign",
            {"key": key, "campaign": campaign, "day": business_date},
        ).fetchall()
        segment = _segment(connection, key)
    reasons = [
        Reason(day, name, because, zh, outcome, explain(outcome), explain(outcome, "zh"), message, state)
        for day, name, because, zh, outcome, message, state in rows
    ]
    return Why(key, segment, reasons)


def _segment(connection: psycopg.Connection, key: str) -> str | None:
    if connection.execute("select to_regclass('marts.customer_segments')").fetchone() == (None,):
        return None
    row = connection.execute("select lifecycle from marts.customer_segments where customer_key = %s", (key,)).fetchone()
    return str(row[0]) if row else None
