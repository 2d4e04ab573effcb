"""Stops a channel that refuses or misses everything, before it burns the whole list."""

from __future__ import annotations

from huitou.delivery.channels.base import Outcome
from huitou.errors import HuitouError, PermanentError, TransientError

REFUSALS_IN_A_ROW = 3
MISSES_IN_A_ROW = 10


class Breaker:
    """Counts refusals of the configuration and failed connections in a row; any other outcome starts anew."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._refusals = 0
        self._misses = 0
        self._code = ""

    def note(self, outcome: Outcome) -> None:
        """Count one outcome, in the order of completion."""
        if self.is_open or outcome.cause == "not_begun":
            return
        self._refusals = self._refusals + 1 if outcome.cause == "configuration" else 0
        self._misses = self._misses + 1 if outcome.cause == "connection" else 0
        self._code = outcome.code

    @property
    def is_open(self) -> bool:
        """Nothing more may leave in this run."""
        return self._refusals >= REFUSALS_IN_A_ROW or self._misses >= MISSES_IN_A_ROW

    @property
    def error(self) -> HuitouError | None:
        """What to raise at the end of the run."""
        if self._refusals >= REFUSALS_IN_A_ROW:
            return PermanentError(
                f"Channel {self._channel} refused {self._refusals} requests in a row ({self._code}); the rest was "
                "not sent and stays approved. Check HUITOU_PROVIDER_URL, HUITOU_PROVIDER_SECRET and the account."
            )
        if self._misses >= MISSES_IN_A_ROW:
            return TransientError(
                f"Channel {self._channel} could not be reached {self._misses} times in a row ({self._code}); the "
                "rest was not sent and stays approved."
            )
        return None
