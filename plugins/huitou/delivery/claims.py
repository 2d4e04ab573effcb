"""Batches for one channel: judged and claimed in the database, then made into envelopes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from huitou.delivery.channels.base import Channel, Envelope
from huitou.delivery.clock import Clock
from huitou.delivery.envelopes import envelopes
from huitou.delivery.hours import openings
from huitou.delivery.ledger import Ledger
from huitou.delivery.policy import Policy
from huitou.warehouse.vault import Vault


@dataclass(frozen=True)
class Batch:
    """What one claim gave. ``judged`` counts rows looked at, so 0 means that nothing is due; ``busy`` means that
    consent is being changed and nothing was looked at."""

    envelopes: list[Envelope]
    judged: int
    busy: bool = False


class Claims:
    """The next batch of a channel, and a tally of what was turned away with its reason."""

    def __init__(self, ledger: Ledger, channel: Channel, vault: Vault, clock: Clock, policy: Policy) -> None:
        self.tally: Counter[str] = Counter()
        self._ledger, self._channel, self._vault = ledger, channel, vault
        self._clock, self._policy = clock, policy
        self._hours = ledger.contact_hours()

    def next(self) -> Batch:
        """Claim a batch. Raises ``UserError`` where the vault's key opens nothing."""
        now = self._clock.now()
        rows = self._ledger.claim(
            self._channel.name,
            self._channel.needs_contact,
            self._policy.batch,
            now,
            openings(self._hours, now, self._clock.zone),
        )
        if rows is None:
            return Batch([], 0, busy=True)
        claimed = []
        for row in rows:
            if row["state"] == "claimed":
                claimed.append(row)
            else:
                reason = row["state_reason"]
                self.tally[f"{row['state']}:{reason}" if reason else row["state"]] += 1
        made, unfit = envelopes(claimed, self._channel, self._vault)
        if unfit:
            for message_id in self._ledger.discard(unfit):
                self.tally[f"rejected:{unfit[message_id]}"] += 1
        return Batch(made, len(rows))
