from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.backoff import LONGEST_WAIT, full_jitter, retry_after

NOW = datetime(2025, 7, 1, 4, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 30 ", 30.0),
        ("999999999", LONGEST_WAIT),
        ("Tue, 01 Jul 2025 04:01:00 GMT", 60.0),
        ("Tue, 01 Jul 2025 12:01:00 +0800", 60.0),
        ("Tue, 01 Jul 2025 03:00:00 GMT", 0.0),
        ("Wed, 01 Jul 2099 03:00:00 GMT", LONGEST_WAIT),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("Tue, 99 Jul 2025 04:01:00 GMT", None),
    ],
)
def test_retry_after_reads_seconds_and_dates_when_given(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.one_of(st.none(), st.text(), st.integers().map(str), st.datetimes().map(format_datetime)))
def test_retry_after_stays_within_a_day_when_header_is_anything(header: str | None) -> None:
    wait = retry_after(header, NOW)
    assert wait is None or 0.0 <= wait <= LONGEST_WAIT


@given(st.integers(0, int(LONGEST_WAIT)))
def test_retry_after_agrees_when_both_forms_say_the_same(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)
    assert retry_after(date, NOW) == retry_after(str(seconds), NOW) == seconds


@given(st.integers(1, 10_000))
def test_full_jitter_stays_below_its_ceiling_when_attempts_grow(attempt: int) -> None:
    assert 0.0 <= full_jitter(attempt, 1.0, 60.0) <= min(60.0, 2.0 ** min(attempt - 1, 10))


def test_full_jitter_spreads_when_drawn_often() -> None:
    drawn = [full_jitter(5, 1.0, 60.0) for _ in range(2000)]
    assert min(drawn) < 2.0
    assert max(drawn) > 14.0
    assert 7.0 < sum(drawn) / len(drawn) < 9.0
