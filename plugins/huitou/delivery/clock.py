"""What time it is for delivery. The only module that knows."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from huitou.errors import UserError

MORNING = time_of_day(10, 0)


class Clock:
    """The time that expiry, contact hours and waiting are judged by.

    ``setting`` is ``system``, ``morning-after`` (10:00 on the day after the business date, shop time) or an ISO 8601
    instant with offset. The last two start there and run on with real seconds, so that waiting ends.
    Raises ``UserError`` for anything else.
    """

    def __init__(self, setting: str, business_date: date, zone: ZoneInfo) -> None:
        self.zone = zone
        self._began = time.monotonic()
        self._start = _start(setting, business_date, zone)

    def now(self) -> datetime:
        """The instant, in UTC."""
        if self._start is None:
            return datetime.now(UTC)
        return self._start + timedelta(seconds=time.monotonic() - self._began)


def wire_seconds() -> int:
    """Real seconds since 1970: what a provider compares a signature's time with, whatever the clock is set to."""
    return int(time.time())


def _start(setting: str, business_date: date, zone: ZoneInfo) -> datetime | None:
    if setting == "system":
        return None
    if setting == "morning-after":
        return datetime.combine(business_date + timedelta(days=1), MORNING, zone).astimezone(UTC)
    try:
        given = datetime.fromisoformat(setting)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise UserError(
            f"HUITOU_CLOCK is {setting!r}: write system, morning-after, or an instant with offset such as "
            "2025-06-30T10:00:00+08:00."
        )
    return given.astimezone(UTC)
