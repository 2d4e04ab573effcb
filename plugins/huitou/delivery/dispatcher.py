"""Delivery of a night: recover, look up, claim, send, settle. The promise: no message id is accepted twice, and each
ends in one recorded state; what may have left without an answer is ``unknown`` and is never sent again by itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import psycopg

from huitou.delivery.channels.base import Channel
from huitou.delivery.channels.endpoint import endpoint
from huitou.delivery.channels.registry import CHANNELS, channel_of
from huitou.delivery.claims import Claims
from huitou.delivery.clock import Clock
from huitou.delivery.ledger import Ledger
from huitou.delivery.policy import Policy
from huitou.delivery.pump import Pump
from huitou.delivery.reconcile import reconcile
from huitou.delivery.signals import stop_on_signals
from huitou.errors import HuitouError, TransientError, UserError
from huitou.settings import Settings
from huitou.sources.feeds import load_source_set
from huitou.warehouse.connection import connect
from huitou.warehouse.steps import step
from huitou.warehouse.vault import Vault

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.25
MOST_IDLE_PASSES = 20


@dataclass
class DeliveryResult:
    """What one run did.

    ``counts``: messages by ``state`` or ``state:reason`` as this run left them, one entry a change. ``states``: all
    messages of the business date by state. ``released``, ``doubted``: claims and sends of dead workers taken over.
    ``confirmed``: unknown messages proved accepted. ``held``: messages that a switch keeps back.
    """

    business_date: date
    counts: Counter[str] = field(default_factory=Counter)
    states: dict[str, int] = field(default_factory=dict)
    released: int = 0
    doubted: int = 0
    confirmed: int = 0
    held: int = 0
    seconds: float = 0.0
    errors: list[HuitouError] = field(default_factory=list)


def deliver(settings: Settings, business_date: date, policy: Policy | None = None) -> DeliveryResult:
    """Send what is approved and due of business dates up to ``business_date``, and settle what is in doubt.

    Raises ``PermanentError`` where a channel refuses the configuration, ``TransientError`` where it or the warehouse
    cannot be reached or a signal stopped the run, ``UserError`` for settings that cannot work. All that was done
    until then is recorded; the next run goes on from there.
    """
    clock = Clock(settings.clock, business_date, ZoneInfo(load_source_set(settings).time_zone))
    result = DeliveryResult(business_date)
    began = time.monotonic()
    with connect(settings) as connection, step(connection, business_date, "deliver") as detail:
        try:
            _deliver(settings, Ledger(connection, business_date), clock, policy or Policy(), result)
        except psycopg.OperationalError:
            raise TransientError(
                "The warehouse went away during delivery. What was on its way is found again by the next run."
            ) from None
        finally:
            result.seconds = time.monotonic() - began
            detail.update(counts=result.counts, states=result.states, held=result.held)
        if result.errors:
            raise result.errors[0]
    return result


def _deliver(settings: Settings, ledger: Ledger, clock: Clock, policy: Policy, result: DeliveryResult) -> None:
    result.released, result.doubted = ledger.recover()
    ledger.reconsider()
    names = ledger.channels()
    for name in sorted(set(names) - set(CHANNELS)):
        known = ", ".join(sorted(CHANNELS))
        result.errors.append(
            UserError(f"Messages wait for channel {name}, which does not exist. Channels are: {known}.")
        )
    usable = [name for name in names if name in CHANNELS]
    if usable:
        provider = endpoint(settings)
        vault = Vault(settings)
        channels = [channel_of(name, provider, policy.limits) for name in usable]
        asyncio.run(Night(ledger, vault, clock, policy, result).run(channels))
    result.states = ledger.states()
    log.info("delivery of %s: %s", result.business_date, dict(result.counts))


class Night:
    """The channels of one run, one after the other over the one ledger."""

    def __init__(self, ledger: Ledger, vault: Vault, clock: Clock, policy: Policy, result: DeliveryResult) -> None:
        self._ledger, self._vault, self._clock = ledger, vault, clock
        self._policy, self._result = policy, result
        self._stop = asyncio.Event()
        self._idle = 0

    async def run(self, channels: list[Channel]) -> None:
        """Serve every channel until it has nothing more to do or a signal stops the run."""
        with stop_on_signals(self._stop):
            for channel in channels:
                if not self._stop.is_set():
                    await self._serve(channel)
        if self._stop.is_set():
            self._result.errors.append(
                TransientError("Delivery was asked to stop. What was on its way is settled; run it again.")
            )

    async def _serve(self, channel: Channel) -> None:
        await channel.open()
        claims = Claims(self._ledger, channel, self._vault, self._clock, self._policy)
        try:
            self._result.confirmed += await reconcile(self._ledger, channel, self._policy, self._stop)
            while await self._pass(channel, claims):
                pass
        finally:
            await channel.close()
            self._result.counts.update(claims.tally)
            self._ledger.release()

    async def _pass(self, channel: Channel, claims: Claims) -> bool:
        """Send what is due; True after waiting for what becomes due within the patience of the policy."""
        pump = Pump(self._ledger, channel, self._policy, self._clock.now, self._stop, claims.next)
        try:
            await pump.run()
        finally:
            self._result.counts.update(pump.tally)
        if pump.breaker.error is not None:
            self._result.errors.append(pump.breaker.error)
        if pump.halted:
            return False
        self._ledger.release()
        self._idle = 0 if pump.tally else self._idle + 1
        wait = self._wait(channel)
        if wait is not None:
            await self._sleep(wait)
        return wait is not None

    def _wait(self, channel: Channel) -> float | None:
        """Seconds until the channel has something to do again; None where it is done for this run."""
        now = self._clock.now()
        waiting = self._ledger.waiting(channel.name, now)
        # Due and yet not claimed, time and again: another transaction holds those rows.
        if waiting.due and self._idle < MOST_IDLE_PASSES:
            return IDLE_SECONDS
        if waiting.next_due and waiting.next_due - now <= timedelta(seconds=self._policy.patience):
            return max((waiting.next_due - now).total_seconds(), IDLE_SECONDS)
        self._result.held += waiting.held
        return None

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return
