"""BG/NBD: how often people buy, and whether they still do.

Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2), 275-284. While alive, a
customer buys at a rate ~ Gamma(r, rate alpha); after each repeat purchase they are lost with a probability
~ Beta(a, b). A customer is (x, t_x, T): repeat purchases, the time of the last one and the time up to now, both since
the first purchase. Times are in weeks, as in the literature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, hyp2f1, psi

from huitou.value.maximum import Floats, Maximum, dot, maximise

Ints = npt.NDArray[np.int64]
NAMES = ("r", "alpha", "a", "b")
DAYS = 7


@dataclass(frozen=True)
class Purchases:
    """Customers who bought alike, told once: four arrays of one length. ``last`` and ``age`` in days, both ≥ 0."""

    repeats: Ints
    last: Ints
    age: Ints
    customers: Ints

    @property
    def total(self) -> int:
        """Customers in all."""
        return int(self.customers.sum())


class Likelihood:
    """The log-likelihood (equation 6 of the paper) of ``purchases``, and its gradient, for many parameters.

    Gamma functions are worked out once a repeat count, logarithms once a day; what is left for each triple is one
    exponential.
    """

    def __init__(self, purchases: Purchases) -> None:
        self._counts, self._repeat = np.unique(purchases.repeats, return_inverse=True)
        self._lasts, self._last = np.unique(purchases.last, return_inverse=True)
        self._ages, self._age = np.unique(purchases.age, return_inverse=True)
        self._weights = purchases.customers.astype(np.float64)
        self._by_count = np.bincount(self._repeat, self._weights, len(self._counts))
        self._total = float(self._weights.sum())

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters
        x = self._counts.astype(np.float64)
        log_age, log_last = np.log(alpha + self._ages / DAYS), np.log(alpha + self._lasts / DAYS)
        rate = r + x
        # Alive with 1 against lost at the last purchase with `odds`; nobody is lost at the first one.
        ahead = np.where(x > 0, np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)), -np.inf)
        ln_age, ln_last = log_age[self._age], log_last[self._last]
        odds = np.exp(np.minimum(ahead[self._repeat] + rate[self._repeat] * (ln_age - ln_last), 700.0))
        lost = self._weights * odds / (1 + odds)
        alive = self._weights - lost
        by_count = self._by_count
        each = gammaln(rate) - gammaln(r) + r * np.log(alpha)
        each += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        lost_by_count = np.bincount(self._repeat, lost, len(x))
        alive_by_age, lost_by_last = self._sums(alive, self._age, log_age), self._sums(lost, self._last, log_last)
        rates = rate[self._repeat]
        value = by_count @ each + dot(self._weights, np.log1p(odds) - rates * ln_age)
        pull = self._sums(alive * rates, self._age, 1 / (alpha + self._ages / DAYS))
        pull += self._sums(lost * rates, self._last, 1 / (alpha + self._lasts / DAYS))
        ends = psi(a + b) - psi(a + b + x)
        b_ends = np.divide(lost_by_count, b + x - 1, out=np.zeros_like(x), where=x > 0)
        gradient = (
            by_count @ (psi(rate) - psi(r)) + self._total * np.log(alpha) - alive_by_age - lost_by_last,
            self._total * r / alpha - pull,
            by_count @ ends + lost_by_count.sum() / a,
            by_count @ (ends + psi(b + x) - psi(b)) - b_ends.sum(),
        )
        return float(value), np.array(gradient)

    @staticmethod
    def _sums(weights: Floats, place: Ints, values: Floats) -> float:
        return float(np.bincount(place, weights, len(values)) @ values)


def fit(purchases: Purchases) -> Maximum:
    """The parameters r, alpha (weeks), a, b that make ``purchases`` likeliest."""
    weights = purchases.customers / purchases.total
    repeats, age = float(weights @ purchases.repeats), float(weights @ purchases.age) / DAYS
    start = (1.0, max(age, 1.0) / max(repeats, 0.01), 1.0, 3.0)
    return maximise(Likelihood(purchases), start, purchases.total)


def expected_purchases(parameters: tuple[float, ...], purchases: Purchases, days: int) -> Floats:
    """E[Y(t)] of each row: purchases expected in the next ``days`` (equation 10 of the paper), shape (n,)."""
    r, alpha, a, b = parameters
    x, age, last = purchases.repeats, purchases.age / DAYS, purchases.last / DAYS
    # Once a pair (x, T); in Euler's form of the function, whose two upper parameters stay small.
    pairs, place = np.unique(np.stack([x, purchases.age]), axis=1, return_inverse=True)
    c = a + b + pairs[0] - 1
    start = alpha + pairs[1] / DAYS
    end = start + days / DAYS
    series = hyp2f1(a + b - 1 - r, a - 1, c, (end - start) / end)
    while_alive = c / (a - 1) * (1 - (start / end) ** (a - 1) * series)
    return np.asarray(while_alive[place.reshape(-1)] * p_alive(parameters, x, last, age))


def p_alive(parameters: tuple[float, ...], repeats: Ints, last: Floats, age: Floats) -> Floats:
    """P(alive | x, t_x, T); times in weeks. Source: Fader and Hardie (2008), Computing P(alive) Using the BG/NBD."""
    r, alpha, a, b = parameters
    log_odds = np.log(a) - np.log(np.maximum(b + repeats - 1, 1e-300))
    log_odds = log_odds + (r + repeats) * np.log((alpha + age) / (alpha + last))
    return np.asarray(np.where(repeats > 0, 1 / (1 + np.exp(np.minimum(log_odds, 700.0))), 1.0))
