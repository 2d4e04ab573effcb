"""What a customer is expected to do, by another road: the papers' own formulas, one customer at a time, by scipy."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scipy.special import hyp2f1
from scipy.stats import lomax

FARTHEST_DAYS = 3650
INTERVAL = 0.80
WEEK = 7


class ValueOracle:
    """Scores under ``parameters`` (r, alpha in weeks, a, b, p, q, gamma) as of a date."""

    def __init__(self, parameters: dict[str, float], as_of: date) -> None:
        self.as_of = as_of
        self.r, self.alpha, self.a, self.b = (parameters[n] for n in ("r", "alpha", "a", "b"))
        self.p, self.q, self.gamma = (parameters[n] for n in ("p", "q", "gamma"))

    def customer(self, spent: list[tuple[date, Decimal]]) -> dict[str, Any]:
        """The predicted columns of somebody who spent these sums on these days (of one day several are one purchase)."""
        days: dict[date, Decimal] = {}
        for day, money in spent:
            days[day] = days.get(day, Decimal(0)) + money
        first = min(days)
        repeats = [money for day, money in days.items() if day != first]
        scores = self.scores(len(repeats), (max(days) - first).days, (self.as_of - first).days)
        worth = self.worth(len(repeats), float(max(sum(repeats), 0)))
        net = sum(days.values(), Decimal(0))
        return scores | {
            "expected_order_value": worth,
            "expected_spend_90d": scores["expected_orders_90d"] * worth,
            "expected_spend_365d": scores["expected_orders_365d"] * worth,
            "total_value": float(net) + scores["expected_orders_365d"] * worth,
            "net_spend": net,
        }

    def scores(self, x: int, last_days: int, age_days: int) -> dict[str, Any]:
        return {
            "p_alive": self.p_alive(x, last_days / WEEK, age_days / WEEK),
            **{
                f"expected_orders_{t}d": self.expected(t / WEEK, x, last_days / WEEK, age_days / WEEK)
                for t in (90, 365)
            },
            **{
                name: self.next_order(probability, x, age_days / WEEK)
                for name, probability in (
                    ("next_order_from", (1 - INTERVAL) / 2),
                    ("next_order_date", 0.5),
                    ("next_order_to", (1 + INTERVAL) / 2),
                )
            },
        }

    def p_alive(self, x: int, t_x: float, age: float) -> float:
        if x == 0:
            return 1.0
        odds = self.a / (self.b + x - 1) * ((self.alpha + age) / (self.alpha + t_x)) ** (self.r + x)
        return 1 / (1 + odds)

    def expected(self, t: float, x: int, t_x: float, age: float) -> float:
        """Equation 10 of Fader, Hardie and Lee (2005), as it is printed."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        gauss = hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        top = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + t)) ** (r + x) * gauss)
        return float(top) * self.p_alive(x, t_x, age)

    def worth(self, x: int, total: float) -> float:
        """Equation 5 of Fader and Hardie (2013): weights of the population's mean and of the customer's own."""
        p, q, gamma = self.p, self.q, self.gamma
        own = p * x / (p * x + q - 1)
        return (1 - own) * p * gamma / (q - 1) + own * (total / x if x else 0.0)

    def next_order(self, probability: float, x: int, age: float) -> date | None:
        days = WEEK * lomax.ppf(probability, self.r + x, scale=self.alpha + age)
        return self.as_of + timedelta(days=math.ceil(days)) if days <= FARTHEST_DAYS else None


def assert_scored(row: dict[str, Any], expected: dict[str, Any], what: str) -> None:
    """The row has these scores: dates exactly, money to half a cent, the rest to nine digits."""
    for name, value in expected.items():
        if isinstance(value, float) and isinstance(row[name], Decimal):
            assert float(row[name]) == pytest.approx(value, abs=0.00501), (name, what)
        elif isinstance(value, float):
            assert row[name] == pytest.approx(value, rel=1e-9), (name, what)
        else:
            assert row[name] == value, (name, what)
