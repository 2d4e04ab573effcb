"""Asks a provider about messages in doubt. It never sends: absence proves nothing, presence settles."""

from __future__ import annotations

import asyncio

from huitou.delivery.channels.base import Channel
from huitou.delivery.ledger import Ledger
from huitou.delivery.policy import Policy


async def reconcile(ledger: Ledger, channel: Channel, policy: Policy, stop: asyncio.Event) -> int:
    """Look up every unknown message of the channel, where it can; the number proved accepted."""
    if not channel.can_look_up:
        return 0
    confirmed = 0
    doubtful = await asyncio.to_thread(ledger.unknown, channel.name)
    for start in range(0, len(doubtful), policy.batch):
        if stop.is_set():
            break
        confirmed += await _batch(ledger, channel, policy, doubtful[start : start + policy.batch])
    return confirmed


async def _batch(ledger: Ledger, channel: Channel, policy: Policy, doubtful: list[tuple[str, int]]) -> int:
    slots = asyncio.Semaphore(policy.limits.concurrency)
    proven: list[tuple[str, int, str | None]] = []

    async def ask(message_id: str, attempt: int) -> None:
        async with slots:
            outcome = await channel.look_up(message_id)
        if outcome is not None and outcome.kind == "accepted":
            proven.append((message_id, attempt, outcome.provider_id))

    await asyncio.gather(*(ask(message_id, attempt) for message_id, attempt in doubtful))
    return await asyncio.to_thread(ledger.confirm, proven) if proven else 0
