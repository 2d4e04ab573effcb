"""Contact hours: when a person may be reached on a channel, in the shop's wall time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# From and until, in seconds after midnight: open at ``from``, closed at ``until``.
Window = tuple[int, int]
LONGEST_SEARCH = timedelta(days=3)


@dataclass(frozen=True)
class Opening:
    """Whether a channel is open, and otherwise the first whole minute at which it is (None: not in three days)."""

    channel: str
    is_open: bool
    opens_at: datetime | None


def openings(windows: Mapping[str, Sequence[Window]], now: datetime, zone: ZoneInfo) -> list[Opening]:
    """How each channel of ``windows`` stands at ``now`` (aware). A channel that is absent is closed."""
    return [_opening(channel, spans, now, zone) for channel, spans in sorted(windows.items())]


def is_open(spans: Sequence[Window], moment: datetime, zone: ZoneInfo) -> bool:
    """True within one of ``spans``. The hour that the end of summer time repeats counts as closed."""
    local = moment.astimezone(zone)
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return False
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return any(opens <= seconds < closes for opens, closes in spans)


def _opening(channel: str, spans: Sequence[Window], now: datetime, zone: ZoneInfo) -> Opening:
    if is_open(spans, now, zone):
        return Opening(channel, True, None)
    # Minute by minute through real time: no rule about gaps and repeats of wall time is needed here.
    moment = now.astimezone(UTC).replace(second=0, microsecond=0)
    for _ in range(int(LONGEST_SEARCH.total_seconds() // 60)):
        moment += timedelta(minutes=1)
        if is_open(spans, moment, zone):
            return Opening(channel, False, moment)
    return Opening(channel, False, None)
