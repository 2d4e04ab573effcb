"""Keeps one channel busy: claims, promotes, sends and settles, with a bounded number of messages in doubt.

Only this module calls a channel's ``send``, and only for messages whose promotion has been committed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from huitou.delivery.breaker import Breaker
from huitou.delivery.channels.base import NOT_BEGUN, Channel, Envelope, Outcome
from huitou.delivery.claims import Batch
from huitou.delivery.ledger import Ledger
from huitou.delivery.policy import Policy
from huitou.delivery.settlement import Settlement, settlement
from huitou.errors import HuitouError, TransientError

log = logging.getLogger(__name__)
TURN_SECONDS = 0.25
PLAIN_PAUSE = 0.2


@dataclass(frozen=True)
class Claimed:
    """An envelope and when its consent was checked (monotonic seconds)."""

    envelope: Envelope
    checked_at: float


class Pump:
    """One pass over what a channel can send now. ``claim`` gives the next batch, ``now`` the clock's time."""

    def __init__(
        self,
        ledger: Ledger,
        channel: Channel,
        policy: Policy,
        now: Callable[[], datetime],
        stop: asyncio.Event,
        claim: Callable[[], Batch],
    ) -> None:
        self.breaker = Breaker(channel.name)
        self.tally: Counter[str] = Counter()
        self._ledger, self._channel, self._policy = ledger, channel, policy
        self._now, self._stop, self._claim = now, stop, claim
        self._waiting: deque[Claimed] = deque()
        self._done: list[Settlement] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(policy.limits.concurrency)
        self._wake = asyncio.Event()
        self._resume_at = 0.0
        self._exhausted = False
        self._busy_since: float | None = None
        self._failure: BaseException | None = None

    @property
    def halted(self) -> bool:
        """Nothing new may leave: a stop was asked for, the breaker is open, or something here failed."""
        return self._stop.is_set() or self.breaker.is_open or self._failure is not None

    async def run(self) -> None:
        """Send until nothing more is due or the pump is halted; every result is settled when this returns.

        Raises what a claim raised, and ``TransientError`` where a load of consent kept claims out for too long.
        """
        try:
            while True:
                if not self._exhausted and not self.halted and len(self._waiting) < self._policy.window:
                    await self._refill()
                await self._turn()
                if not (self._flying or self._done) and self._has_ended():
                    break
                await self._rest()
        finally:
            for task in self._flying:
                task.cancel()
        if self._failure is not None:
            raise self._failure

    def _has_ended(self) -> bool:
        return self.halted or (self._exhausted and not self._waiting)

    async def _refill(self) -> None:
        """Claim a batch, unless consent is being changed just now."""
        checked_at = time.monotonic()
        try:
            batch = await asyncio.to_thread(self._claim)
        except HuitouError as error:
            # What is on its way is settled first.
            self._failure = error
            return
        if not batch.busy:
            self._busy_since = None
            self._exhausted = batch.judged == 0
            self._waiting.extend(Claimed(envelope, checked_at) for envelope in batch.envelopes)
            return
        self._busy_since = checked_at if self._busy_since is None else self._busy_since
        if time.monotonic() - self._busy_since > self._policy.gate_wait:
            self._failure = TransientError(
                "Customers or consent are being loaded; delivery waited and gave up for now."
            )

    async def _turn(self) -> None:
        """Settle what came back and promote what may leave next, in one transaction."""
        if self._waiting and time.monotonic() - self._waiting[0].checked_at > self._policy.claim_age:
            # The check of consent is too old to act on: claim these again.
            self._waiting.clear()
            self._exhausted = False
            await asyncio.to_thread(self._ledger.release)
        room = 0 if self._held_back() else self._policy.window - len(self._flying)
        wanted = [self._waiting.popleft().envelope for _ in range(min(max(room, 0), len(self._waiting)))]
        settled, self._done = self._done, []
        if not settled and not wanted:
            return
        fenced, attempts = await asyncio.to_thread(
            self._ledger.turn, settled, [envelope.message_id for envelope in wanted]
        )
        self._count(settled, fenced)
        for envelope in wanted:
            if envelope.message_id in attempts:
                task = asyncio.create_task(self._send(envelope, attempts[envelope.message_id]))
                self._flying.add(task)
                task.add_done_callback(self._landed)

    async def _rest(self) -> None:
        """Wait until a good part of the window came back, or a moment passed."""
        self._wake.clear()
        moves_on = self._waiting and not self._flying and not self._held_back()
        try:
            async with asyncio.timeout(0 if moves_on else TURN_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send(self, envelope: Envelope, attempt: int) -> None:
        async with self._slots:
            outcome = NOT_BEGUN if self.halted else await self._exchange(envelope)
        self.breaker.note(outcome)
        if outcome.cause == "rate":
            pause = PLAIN_PAUSE if outcome.retry_after is None else outcome.retry_after
            self._resume_at = max(self._resume_at, time.monotonic() + min(pause, self._policy.patience))
        self._done.append(settlement(envelope.message_id, attempt, outcome, self._now(), self._policy))

    async def _exchange(self, envelope: Envelope) -> Outcome:
        try:
            return await self._channel.send(envelope)
        except Exception as error:
            # An adapter that fails in its own code may have written bytes before; its text may hold anything.
            log.error("channel %s failed on message %s: %s", self._channel.name, envelope.message_id, type(error))
            return Outcome("unknown", f"adapter:{type(error).__name__}")

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        if not self._flying or len(self._done) >= self._policy.limits.concurrency // 2:
            self._wake.set()

    def _held_back(self) -> bool:
        return self.halted or time.monotonic() < self._resume_at

    def _count(self, settled: list[Settlement], fenced: set[str]) -> None:
        for one in settled:
            if one.message_id not in fenced:
                log.warning("message %s: the result came after its claim was taken over", one.message_id)
                self.tally["stale"] += 1
            else:
                self.tally[one.state if one.reason is None else f"{one.state}:{one.reason}"] += 1
