"""What a channel is: it turns one envelope into one request, and one answer into one outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Kind = Literal["accepted", "not_processed", "rejected", "unknown"]
Cause = Literal["message", "configuration", "connection", "rate", "not_begun"]


@dataclass(frozen=True)
class Limits:
    """Requests on the wire at once, and seconds for the connection and for the whole exchange."""

    concurrency: int = 64
    connect_seconds: float = 5.0
    total_seconds: float = 20.0


@dataclass(frozen=True)
class Envelope:
    """One message about to leave. ``to`` is the open contact point; neither it nor the text is ever printed."""

    message_id: str
    campaign: str
    channel: str
    consent: str
    customer_key: str
    contact_hash: str
    reason: str = field(repr=False)
    text: str = field(repr=False)
    to: str | None = field(repr=False, default=None)


@dataclass(frozen=True)
class Outcome:
    """What is known after a request.

    ``accepted``: the provider said so and named it. ``not_processed``: it certainly did not act, a later try is safe.
    ``rejected``: it refused for good; cause ``configuration`` means that it would refuse every message.
    ``unknown``: anything else. ``code`` is short and free of personal data; ``retry_after`` is in seconds.
    """

    kind: Kind
    code: str
    cause: Cause = "message"
    provider_id: str | None = None
    retry_after: float | None = None
    opted_out: bool = False


NOT_BEGUN = Outcome("not_processed", "not_begun", "not_begun")


class Channel(Protocol):
    """An adapter. ``send`` makes at most one request and never raises for what happens on the wire."""

    name: str
    needs_contact: bool
    can_look_up: bool

    async def open(self) -> None:
        """Make ready; raises ``TransientError`` where the channel is known to be down."""

    async def close(self) -> None:
        """Let go of all connections."""

    async def send(self, envelope: Envelope) -> Outcome:
        """Make one request."""

    async def look_up(self, message_id: str) -> Outcome | None:
        """Outcome ``accepted`` where the provider has the message; None proves nothing."""
