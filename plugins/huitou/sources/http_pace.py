"""The pace at which an API is asked: a bucket of tokens, filled evenly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class Bucket:
    """Lets ``per_second`` requests pass a second, one at a time; the first passes at once."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gap = 1.0 / per_second
        self._clock, self._sleep = clock, sleep
        self._free_at = clock()

    async def take(self) -> None:
        """Wait for the next token."""
        now = self._clock()
        at = max(now, self._free_at)
        self._free_at = at + self._gap
        if at > now:
            await self._sleep(at - now)
