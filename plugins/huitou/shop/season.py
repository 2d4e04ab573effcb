"""The shop's clock: how busy each hour is, and the way from customer time to shop time.

BG/NBD runs in customer time, in which every moment is alike. ``Season.instants`` stretches it over the shop's
hours, so that weekdays, the time of year and promotions make days busy without changing who buys how often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from huitou.shop.arrays import DAY, Bools, Floats, Ints
from huitou.shop.parameters import Parameters

PROMOTIONS: dict[tuple[int, int], tuple[str, float]] = {
    **{(1, day): ("年货节", 1.6) for day in range(10, 17)},
    (6, 16): ("618", 1.6),
    (6, 17): ("618", 1.8),
    (6, 18): ("618", 3.2),
    (11, 1): ("双11", 1.7),
    (11, 9): ("双11", 1.4),
    (11, 10): ("双11", 1.9),
    (11, 11): ("双11", 4.0),
    (12, 11): ("双12", 1.5),
    (12, 12): ("双12", 2.4),
}
HOURS = (8, 4, 2, 2, 2, 4, 8, 16, 28, 42, 52, 50, 48, 44, 44, 46, 46, 46, 50, 62, 76, 78, 58, 28)
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Window:
    """The business dates of the shop, as days since 1970-01-01; ``last`` is included."""

    first: int
    last: int

    @classmethod
    def ending(cls, until: date, days: int) -> Window:
        last = (until - EPOCH).days
        return cls(last - days + 1, last)

    @property
    def nights(self) -> int:
        return self.last - self.first + 1

    @property
    def opens(self) -> int:
        return self.first * DAY

    @property
    def closes(self) -> int:
        return (self.last + 1) * DAY

    def date(self, night: int) -> date:
        return EPOCH + timedelta(days=self.first + int(night))

    def night_of(self, instants: Ints) -> Ints:
        """The night that closes the day of each instant; what was before the window belongs to the first."""
        return np.maximum(instants // DAY - self.first, 0)


def promotion_factor(day: int) -> float:
    """How many times busier a promotion makes the day; 1 on other days."""
    when = EPOCH + timedelta(days=day)
    return PROMOTIONS.get((when.month, when.day), ("", 1.0))[1]


def day_factor(day: int, p: Parameters) -> float:
    """How busy a day is: weekday x time of year x promotion."""
    when = EPOCH + timedelta(days=day)
    yearly = 1 + p.yearly_swing * np.cos(2 * np.pi * (when.timetuple().tm_yday - 318) / 365.25)
    return float(p.weekdays[when.weekday()] * yearly * promotion_factor(day))


class Season:
    """Customer time against shop time, over the history and the window."""

    def __init__(self, window: Window, p: Parameters) -> None:
        self.window = window
        self._start = window.first - p.history_days
        days = range(self._start, window.last + 1)
        busy = np.array([day_factor(day, p) for day in days], dtype=np.float64)
        hours = np.array(HOURS, dtype=np.float64) / sum(HOURS)
        grown: Floats = np.cumsum(np.outer(busy / float(busy.mean()), hours))
        self._customer_time: Floats = np.concatenate([np.zeros(1), grown])
        self._shop_time: Floats = np.arange(len(self._customer_time), dtype=np.float64) * 3600 + self._start * DAY
        self.opens = float(self._customer_time[p.history_days * 24])
        self.closes = float(self._customer_time[-1])
        self._promoted: Bools = np.array([promotion_factor(day) > 1 for day in days])

    def instants(self, customer_time: Floats) -> Ints:
        """Shop instants of moments of customer time (days; the whole season has a mean of one a day)."""
        return np.floor(np.interp(customer_time, self._customer_time, self._shop_time)).astype(np.int64)

    def promoted(self, instants: Ints) -> Bools:
        """Whether each instant lies on a promotion day."""
        return self._promoted[instants // DAY - self._start]

    def after_promotion(self, instants: Ints) -> Bools:
        """Whether a promotion day lies within the five days up to each instant: the warehouse is full."""
        recent = np.convolve(self._promoted, np.ones(5))[: len(self._promoted)] > 0
        return recent[instants // DAY - self._start]
