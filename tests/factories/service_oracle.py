"""The desk's clock by another road: a quarter of an hour of UTC at a time, and a state that walks from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[int, int]
STEPS = ("opened", "customer_replied", "replied", "waiting_for_customer", "resolved", "reopened", "closed")
CUSTOMER, DESK = {"opened", "customer_replied", "reopened"}, {"replied", "waiting_for_customer", "resolved", "closed"}
STEP = 900


@dataclass(frozen=True)
class Hours:
    """Spans of work of each weekday (Monday is 0), in minutes from midnight, and those of single days instead."""

    weekdays: dict[int, list[Span]]
    days: dict[date, list[Span]] = field(default_factory=dict)

    def works(self, moment: datetime) -> bool:
        """Whether the desk works in the quarter of an hour that begins at this local moment."""
        spans = self.days.get(moment.date(), self.weekdays.get(moment.weekday(), []))
        return any(opens <= moment.hour * 60 + moment.minute < closes for opens, closes in spans)


@dataclass
class Case:
    """What the clock of one case shows at the end of a date."""

    first: int | None = None
    turns: list[int] = field(default_factory=list)
    waits: int | None = None
    is_open: bool = True
    is_waiting: bool = False
    worked: int = 0


def worked_seconds(hours: Hours, zone: ZoneInfo, start: datetime, end: datetime) -> int:
    """Seconds from ``start`` to ``end``, each of a whole quarter of an hour, in which the desk works."""
    first, last = int(start.timestamp()), int(end.timestamp())
    moments = (datetime.fromtimestamp(second, UTC).astimezone(zone) for second in range(first, last, STEP))
    return sum(STEP for moment in moments if hours.works(moment))


def walk(steps: Sequence[tuple[datetime, str]], hours: Hours, zone: ZoneInfo, as_of: date) -> Case:
    """Play the steps, in their order, up to the end of ``as_of``."""
    end = datetime.combine(as_of + timedelta(days=1), time(), zone).astimezone(UTC)
    case, before, asked = Case(), steps[0][0], None
    answers = 0
    for at, action in [*steps, (end, "")]:
        if case.is_open and not case.is_waiting:
            case.worked += worked_seconds(hours, zone, before, at)
        before = at
        if action in DESK:
            if asked is not None:
                if answers == 0:
                    case.first = case.worked - asked
                else:
                    case.turns.append(case.worked - asked)
            asked, answers = None, answers + 1
        if action in ("resolved", "closed"):
            case.is_open = False
        elif action == "waiting_for_customer":
            case.is_waiting = True
        elif action in CUSTOMER:
            case.is_waiting = False
            case.is_open = case.is_open or action == "reopened"
            if asked is None and case.is_open:
                asked = case.worked
    case.is_waiting = case.is_open and case.is_waiting
    case.waits = None if asked is None else case.worked - asked
    return case
