from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from huitou.delivery.clock import Clock
from huitou.delivery.hours import is_open, openings
from huitou.errors import UserError

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
DAY = [(9 * 3600, 20 * 3600 + 1800)]
NIGHT = date(2025, 6, 30)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "opens_at"),
    [
        ("2025-07-01T08:59:59", "2025-07-01T09:00"),
        ("2025-07-01T20:30:00", "2025-07-02T09:00"),
        ("2025-07-01T23:59:59", "2025-07-02T09:00"),
        ("2025-07-01T00:00:00", "2025-07-01T09:00"),
    ],
)
def test_openings_give_the_next_opening_when_closed(moment: str, opens_at: str) -> None:
    (opening,) = openings({"sms": DAY}, at(moment), SHANGHAI)
    assert (opening.is_open, opening.opens_at) == (False, at(opens_at))


@pytest.mark.parametrize("moment", ["2025-07-01T09:00:00", "2025-07-01T20:29:59"])
def test_openings_are_open_when_within_the_window(moment: str) -> None:
    (opening,) = openings({"sms": DAY}, at(moment), SHANGHAI)
    assert (opening.is_open, opening.opens_at) == (True, None)


@pytest.mark.parametrize("spans", [[], [(72000, 32400)], [(3600, 3600)]])
def test_openings_find_no_time_when_the_window_is_empty_or_reversed(spans: list[tuple[int, int]]) -> None:
    (opening,) = openings({"sms": spans}, at("2025-07-01T12:00"), SHANGHAI)
    assert (opening.is_open, opening.opens_at) == (False, None)


def test_is_open_matches_wall_time_when_every_quarter_hour_of_a_year_is_asked() -> None:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    seen: dict[str, int] = {}
    for _ in range(365 * 96):
        local = moment.astimezone(NEW_YORK)
        key = local.replace(tzinfo=None).isoformat()
        seen[key] = seen.get(key, 0) + 1
        moment += timedelta(minutes=15)
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    for _ in range(365 * 96):
        local = moment.astimezone(NEW_YORK)
        repeated = seen[local.replace(tzinfo=None).isoformat()] > 1
        expected = local.time() < datetime(1, 1, 1, 20, 30).time() and not repeated
        assert is_open([(0, 20 * 3600 + 1800)], moment, NEW_YORK) is expected, moment
        moment += timedelta(minutes=15)


def test_openings_wait_past_the_gap_when_summer_time_skips_the_opening() -> None:
    (opening,) = openings({"sms": [(9000, 10800)]}, at("2025-03-08T23:00", NEW_YORK), NEW_YORK)
    assert opening.opens_at == at("2025-03-10T02:30", NEW_YORK)


@pytest.mark.parametrize(
    ("setting", "starts"),
    [
        ("morning-after", "2025-07-01T10:00:00+08:00"),
        ("2025-06-30T22:15:00+02:00", "2025-06-30T22:15:00+02:00"),
        ("2025-06-30T22:15:00Z", "2025-06-30T22:15:00+00:00"),
    ],
)
def test_clock_starts_where_told_and_runs_on_when_simulated(setting: str, starts: str) -> None:
    clock = Clock(setting, NIGHT, SHANGHAI)
    first, second = clock.now(), clock.now()
    assert timedelta(0) <= first - datetime.fromisoformat(starts) < timedelta(seconds=5)
    assert second > first


def test_clock_is_the_machine_clock_when_system() -> None:
    assert abs(Clock("system", NIGHT, SHANGHAI).now() - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("setting", ["tomorrow", "2025-06-30T10:00:00", ""])
def test_clock_says_what_is_allowed_when_the_setting_is_wrong(setting: str) -> None:
    with pytest.raises(UserError, match="morning-after"):
        Clock(setting, NIGHT, SHANGHAI)
