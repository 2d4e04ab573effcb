"""How long to wait before something that was certainly not done is asked for again."""

from __future__ import annotations

import math
import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 24 * 3600.0
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def full_jitter(attempt: int, base: float, cap: float) -> float:
    """Seconds drawn evenly from 0 to min(cap, base · 2^(attempt-1)); ``attempt`` counts from 1.

    Formula: "full jitter" of Marc Brooker, Exponential Backoff And Jitter (2015).
    """
    ceiling = min(cap, math.ldexp(base, min(attempt - 1, 64)))
    # Spreading load needs no unpredictable numbers.
    return random.uniform(0, ceiling)  # noqa: S311


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds from ``now`` (seconds since 1970) that a Retry-After header asks for; None where it says nothing.

    Takes both forms of RFC 9110 §10.2.3, seconds and a date; the answer lies between 0 and one day.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0), LONGEST_WAIT)
