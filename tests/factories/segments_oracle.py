"""Classes and repurchase by another road: day by day and person by person, with no window function in sight."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise

# (class, least orders, most orders, first day of absence); the numbers of the seeds, written out once more.
PRESENT = (("new", 1, 1), ("active", 2, 3), ("loyal", 4, None))
AT_RISK_FROM, LOST_FROM, QUICK, GRACE = 91, 181, 60, 30


def class_on(day: date, orders: Iterable[date], registered: date | None) -> str | None:
    """The class at the close of ``day`` of somebody with these order days; None before they are known."""
    past = sorted(order for order in orders if order <= day)
    if not past:
        return "potential" if registered is not None and registered <= day else None
    slow, days = False, sorted(set(past))
    for before, after in pairwise(days):
        gap = (after - before).days
        slow = True if gap >= AT_RISK_FROM else False if gap <= QUICK else slow
    absent = (day - days[-1]).days - (GRACE if slow else 0)
    if absent >= LOST_FROM:
        return "lost"
    if absent >= AT_RISK_FROM:
        return "at_risk"
    return next(name for name, least, most in PRESENT if least <= len(past) <= (most or len(past)))


def class_of_rows(day: date, rows: Iterable[tuple[date, date | None, str]]) -> str | None:
    """The class that a history, rows of (valid_from, valid_to, class), gives for a day."""
    standing = [name for first, end, name in rows if first <= day and (end is None or day < end)]
    assert len(standing) <= 1
    return standing[0] if standing else None


def repurchase(people: Iterable[list[date]], as_of: date, window: int) -> tuple[int, int, float]:
    """Of each person's sorted order days: buyers with the window behind them, who came back, Kaplan and Meier's rate."""
    waits, buyers, back = [], 0, 0
    for days in people:
        came = len(days) > 1
        wait = ((days[1] if came else as_of) - days[0]).days
        waits.append((wait, came))
        if days[0] + timedelta(days=window) <= as_of:
            buyers += 1
            back += came and wait <= window
    left = 1.0
    for wait in sorted({wait for wait, came in waits if came and wait <= window}):
        at_risk = sum(other >= wait for other, _ in waits)
        left *= 1 - sum(other == wait and came for other, came in waits) / at_risk
    return buyers, back, 1 - left


def retained(people: Iterable[list[date]]) -> Counter[tuple[tuple[int, int], int]]:
    """Customers with an order by (month of the first order, months since)."""
    found: Counter[tuple[tuple[int, int], int]] = Counter()
    for days in people:
        first = days[0].year * 12 + days[0].month
        for since in {day.year * 12 + day.month - first for day in days}:
            found[(days[0].year, days[0].month), since] += 1
    return found


def is_near(found: object, expected: float) -> bool:
    return math.isclose(float(str(found)), expected, abs_tol=0.00005001)
