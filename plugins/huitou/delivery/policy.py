"""How delivery goes about its work: sizes, patience and limits. Tests and benchmarks pass their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from huitou.delivery.channels.base import Limits


@dataclass(frozen=True)
class Policy:
    """``batch``: messages a claim takes. ``max_attempts``: tries before a message is dead.

    Seconds: ``backoff_base`` and ``backoff_cap`` shape the wait between tries; ``patience`` is how long a run waits
    for the next message that becomes due; ``claim_age`` bounds the time between the check of consent and the send;
    ``gate_wait`` is how long a claim waits for a load of consent to end.
    """

    batch: int = 1000
    max_attempts: int = 6
    backoff_base: float = 1.0
    backoff_cap: float = 60.0
    patience: float = 60.0
    claim_age: float = 30.0
    gate_wait: float = 300.0
    limits: Limits = field(default_factory=Limits)

    @property
    def window(self) -> int:
        """Messages that may be in state ``sending`` at once: those on the wire and as many in line behind them."""
        return 2 * self.limits.concurrency
