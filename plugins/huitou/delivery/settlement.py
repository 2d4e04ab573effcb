"""From what is known after a request to what is written about the message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from huitou.backoff import full_jitter
from huitou.delivery.channels.base import Outcome
from huitou.delivery.policy import Policy


@dataclass(frozen=True)
class Settlement:
    """One row for the ledger: the attempt that it closes, the state that follows, and when it may be tried again."""

    message_id: str
    attempt: int
    outcome: Outcome
    state: str
    reason: str | None = None
    not_before: datetime | None = None


def settlement(message_id: str, attempt: int, outcome: Outcome, now: datetime, policy: Policy) -> Settlement:
    """The state that follows ``outcome`` of the given attempt.

    A refusal of the configuration says nothing about the message: it is free again like one that was not processed.
    """
    if outcome.kind == "accepted":
        return Settlement(message_id, attempt, outcome, "accepted")
    if outcome.cause == "not_begun":
        return Settlement(message_id, attempt, outcome, "approved")
    if outcome.kind == "unknown" or (outcome.kind == "rejected" and outcome.cause != "configuration"):
        return Settlement(message_id, attempt, outcome, outcome.kind, outcome.code)
    if attempt >= policy.max_attempts:
        return Settlement(message_id, attempt, outcome, "dead", outcome.code)
    wait = full_jitter(attempt, policy.backoff_base, policy.backoff_cap) + (outcome.retry_after or 0.0)
    return Settlement(message_id, attempt, outcome, "approved", outcome.code, now + timedelta(seconds=wait))
