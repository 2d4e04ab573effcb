"""Channel ``http``: the generic signed HTTP provider, one recipient a request."""

from __future__ import annotations

import json
import logging
import re

from huitou.backoff import retry_after
from huitou.delivery.channels.base import Envelope, Limits, Outcome
from huitou.delivery.channels.endpoint import Endpoint
from huitou.delivery.channels.transport import Answer, NoAnswerError, NotSentError, Transport
from huitou.delivery.clock import wire_seconds

log = logging.getLogger(__name__)
ACCEPTED = "accepted"
RATE_CODES = frozenset({"rate_limited"})
CONFIGURATION_CODES = frozenset(
    {"bad_signature", "stale_timestamp", "forbidden", "account_suspended", "insufficient_balance"}
)
OPT_OUT_CODES = frozenset({"opted_out"})
MESSAGE_CODES = OPT_OUT_CODES | {
    "invalid_message",
    "invalid_recipient",
    "recipient_blocked",
    "template_refused",
}
# Codes are stored and logged: only shapes that cannot be a phone number or an address.
_CODE = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}|-?[0-9]{1,6}", re.ASCII)
_PROVIDER_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class SignedHttp:
    """POST {base}/messages; GET {base}/messages/{id} tells whether the provider has a message."""

    name = "http"
    needs_contact = True
    can_look_up = True
    path = "/messages"

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self._transport = Transport(endpoint, limits)

    async def open(self) -> None:
        """Open the session; see ``Transport.open``."""
        await self._transport.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.close()

    async def send(self, envelope: Envelope) -> Outcome:
        """Make one request and classify what came of it."""
        body = json.dumps(self.body(envelope), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = await self._transport.exchange("POST", self.path, body, envelope.message_id)
        except NotSentError as error:
            return Outcome("not_processed", str(error), "connection")
        except NoAnswerError as error:
            return Outcome("unknown", str(error))
        outcome = classify(answer, wire_seconds())
        if outcome.kind == "unknown":
            log.warning("message %s: no clear answer (%s)", envelope.message_id, outcome.code)
        return outcome

    async def look_up(self, message_id: str) -> Outcome | None:
        """``accepted`` where the provider says so; absence and errors prove nothing."""
        try:
            answer = await self._transport.exchange("GET", f"/messages/{message_id}")
        except (NotSentError, NoAnswerError):
            return None
        outcome = classify(answer, wire_seconds())
        return outcome if outcome.kind == "accepted" else None

    def body(self, envelope: Envelope) -> dict[str, str | None]:
        """What leaves the house for one message."""
        return {
            "message_id": envelope.message_id,
            "campaign": envelope.campaign,
            "channel": envelope.channel,
            "medium": envelope.consent,
            "to": envelope.to,
            "text": envelope.text,
        }


def classify(answer: Answer, now: float) -> Outcome:
    """The outcome of an answer at ``now`` (seconds since 1970). What is not known for certain is ``unknown``."""
    said = _code(answer)
    if answer.status >= 500:
        return Outcome("unknown", said)
    if said == ACCEPTED:
        return _acceptance(answer)
    if answer.status == 429 or said in RATE_CODES:
        return Outcome("not_processed", said, "rate", retry_after=retry_after(answer.retry_after, now))
    if answer.status == 401 or said in CONFIGURATION_CODES:
        return Outcome("rejected", said, "configuration")
    if said in MESSAGE_CODES:
        return Outcome("rejected", said, opted_out=said in OPT_OUT_CODES)
    return Outcome("unknown", said)


def _acceptance(answer: Answer) -> Outcome:
    """The word alone is not enough: it takes a status of success and a name that a receipt can carry."""
    provider_id = (answer.body or {}).get("id")
    if not 200 <= answer.status < 300:
        return Outcome("unknown", f"http_{answer.status}")
    if not isinstance(provider_id, str) or not _PROVIDER_ID.fullmatch(provider_id):
        return Outcome("unknown", "no_provider_id")
    return Outcome("accepted", ACCEPTED, provider_id=provider_id)


def _code(answer: Answer) -> str:
    if answer.body is None:
        return f"http_{answer.status}_unreadable"
    code = str(answer.body.get("code", ""))
    return code if _CODE.fullmatch(code) else f"http_{answer.status}"
