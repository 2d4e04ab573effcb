from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from huitou.delivery.breaker import MISSES_IN_A_ROW, REFUSALS_IN_A_ROW, Breaker
from huitou.delivery.channels.base import NOT_BEGUN, Envelope, Outcome
from huitou.delivery.channels.signed_http import classify
from huitou.delivery.channels.transport import Answer, signature
from huitou.delivery.policy import Policy
from huitou.delivery.settlement import settlement
from huitou.errors import PermanentError, TransientError

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC)
OK = {"code": "accepted", "id": "p-1"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, OK, "accepted", "accepted"),
        (202, OK, "accepted", "accepted"),
        (200, {"code": "accepted"}, "unknown", "no_provider_id"),
        (200, {"code": "accepted", "id": 7}, "unknown", "no_provider_id"),
        (200, {"code": "accepted", "id": "a b"}, "unknown", "no_provider_id"),
        (200, {"id": "p-1"}, "unknown", "http_200"),
        (200, None, "unknown", "http_200_unreadable"),
        (200, {"code": "invalid_recipient"}, "rejected", "invalid_recipient"),
        (200, {"code": "rate_limited"}, "not_processed", "rate_limited"),
        (200, {"code": "brand_new"}, "unknown", "brand_new"),
        (200, {"code": "13800000001"}, "unknown", "http_200"),
        (200, {"code": "a@b.example"}, "unknown", "http_200"),
        (204, None, "unknown", "http_204_unreadable"),
        (302, OK, "unknown", "http_302"),
        (400, OK, "unknown", "http_400"),
        (400, {"code": "invalid_message"}, "rejected", "invalid_message"),
        (400, {"code": "rate_limited"}, "not_processed", "rate_limited"),
        (401, None, "rejected", "http_401_unreadable"),
        (401, {"code": "bad_signature"}, "rejected", "bad_signature"),
        (403, {"code": "forbidden"}, "rejected", "forbidden"),
        (403, {"code": "opted_out"}, "rejected", "opted_out"),
        (403, None, "unknown", "http_403_unreadable"),
        (404, {"code": "not_found"}, "unknown", "not_found"),
        (408, None, "unknown", "http_408_unreadable"),
        (422, {"code": "invalid_recipient"}, "rejected", "invalid_recipient"),
        (429, None, "not_processed", "http_429_unreadable"),
        (429, OK, "unknown", "http_429"),
        (401, OK, "unknown", "http_401"),
        (500, {"code": "rate_limited"}, "unknown", "rate_limited"),
        (503, {"code": "bad_signature"}, "unknown", "bad_signature"),
        (503, None, "unknown", "http_503_unreadable"),
    ],
)
def test_classify_fails_closed_when_the_answer_is_not_certain(
    status: int, body: dict[str, Any] | None, kind: str, code: str
) -> None:
    outcome = classify(Answer(status, body, "5"), NOW.timestamp())
    assert (outcome.kind, outcome.code) == (kind, code)
    assert (outcome.retry_after == 5.0) is (kind == "not_processed")
    assert (outcome.provider_id is not None) is (kind == "accepted")


@pytest.mark.parametrize(
    ("outcome", "attempt", "state", "reason", "waits"),
    [
        (Outcome("accepted", "accepted", provider_id="p"), 1, "accepted", None, False),
        (Outcome("unknown", "timeout"), 1, "unknown", "timeout", False),
        (Outcome("rejected", "invalid_recipient"), 1, "rejected", "invalid_recipient", False),
        (Outcome("rejected", "bad_signature", "configuration"), 1, "approved", "bad_signature", True),
        (Outcome("rejected", "bad_signature", "configuration"), 6, "dead", "bad_signature", False),
        (Outcome("not_processed", "connect", "connection"), 5, "approved", "connect", True),
        (Outcome("not_processed", "connect", "connection"), 6, "dead", "connect", False),
        (Outcome("not_processed", "rate_limited", "rate"), 7, "dead", "rate_limited", False),
        (NOT_BEGUN, 6, "approved", None, False),
    ],
)
def test_settlement_follows_the_outcome_when_a_request_ended(
    outcome: Outcome, attempt: int, state: str, reason: str | None, waits: bool
) -> None:
    made = settlement("m", attempt, outcome, NOW, Policy())
    assert (made.state, made.reason, made.not_before is not None) == (state, reason, waits)


def test_settlement_waits_at_least_as_asked_when_the_provider_says_how_long() -> None:
    outcome = Outcome("not_processed", "rate_limited", "rate", retry_after=30.0)
    made = settlement("m", 1, outcome, NOW, Policy())
    assert made.not_before is not None
    assert timedelta(seconds=30) <= made.not_before - NOW <= timedelta(seconds=31)


REFUSED = Outcome("rejected", "bad_signature", "configuration")
MISSED = Outcome("not_processed", "connect", "connection")
FINE = Outcome("accepted", "accepted", provider_id="p")
POISON = Outcome("rejected", "invalid_recipient")


@pytest.mark.parametrize(
    ("outcomes", "error"),
    [
        ([REFUSED] * REFUSALS_IN_A_ROW, PermanentError),
        ([REFUSED] * REFUSALS_IN_A_ROW + [FINE] * 50, PermanentError),
        ([REFUSED, NOT_BEGUN, REFUSED, NOT_BEGUN, REFUSED], PermanentError),
        ([MISSED] * MISSES_IN_A_ROW, TransientError),
        ([REFUSED, FINE] * 50, None),
        ([POISON] * 50, None),
        ([Outcome("unknown", "timeout")] * 50, None),
        (([MISSED] * (MISSES_IN_A_ROW - 1) + [FINE]) * 3, None),
    ],
)
def test_breaker_opens_when_a_channel_refuses_or_misses_in_a_row(
    outcomes: list[Outcome], error: type[Exception] | None
) -> None:
    breaker = Breaker("http")
    for outcome in outcomes:
        breaker.note(outcome)
    assert breaker.is_open is (error is not None)
    assert type(breaker.error) is (error or type(None))


def test_envelope_hides_contact_and_text_when_printed() -> None:
    envelope = Envelope("m", "c", "http", "sms", "k", "h", "she said", "secret text", "+8613800000001")
    assert not {"+8613800000001", "secret text", "she said"} & set(repr(envelope).split("'"))


def test_signature_is_hmac_sha256_over_time_and_body_when_computed_by_openssl() -> None:
    # printf '1700000000\n{"a":1}' | openssl dgst -sha256 -hmac SECsandbox0001
    golden = "3de14cb6607d7aa301812401a30716248c0307686886b5b95b630347f6e1dede"
    assert signature("SECsandbox0001", "1700000000", b'{"a":1}') == golden
