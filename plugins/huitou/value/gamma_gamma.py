"""Gamma-Gamma: what people spend at a purchase.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value (note 025 of brucehardie.com). A purchase is worth
~ Gamma(p, rate v), a customer's v ~ Gamma(q, rate gamma), whatever how often they buy. Only repeat purchases count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln, psi

from huitou.value.bg_nbd import Ints
from huitou.value.maximum import Floats, Maximum, dot, maximise

NAMES = ("p", "q", "gamma")


@dataclass(frozen=True)
class Spend:
    """Repeat customers: how many purchases of known worth (≥ 1), and the worth of all of them together (> 0)."""

    purchases: Ints
    total: Floats


class Likelihood:
    """The log-likelihood (equation 1a of the note) of ``spend``, and its gradient, for many parameters."""

    def __init__(self, spend: Spend) -> None:
        self._total = spend.total
        self._x = spend.purchases.astype(np.float64)
        self._counts, self._place = np.unique(spend.purchases, return_inverse=True)
        self._by_count = np.bincount(self._place, minlength=len(self._counts)).astype(np.float64)
        logs = np.log(self._total)
        self._sum_log, self._sum_x_log = float((logs - np.log(self._x)).sum()), dot(self._x, logs)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        p, q, gamma = parameters
        x = self._counts.astype(np.float64)
        scale = gamma + self._total
        log_scale, share = np.log(scale), 1 / scale
        each = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        x_log_scale = dot(self._x, log_scale)
        sum_log_scale = float(log_scale.sum())
        value = self._by_count @ each + p * self._sum_x_log - self._sum_log
        value -= p * x_log_scale + q * sum_log_scale
        people = float(len(self._total))
        gradient = (
            self._by_count @ (x * (psi(p * x + q) - psi(p * x))) + self._sum_x_log - x_log_scale,
            self._by_count @ (psi(p * x + q) - psi(q)) + people * np.log(gamma) - sum_log_scale,
            people * q / gamma - p * dot(self._x, share) - q * float(share.sum()),
        )
        return float(value), np.array(gradient)


def fit(spend: Spend) -> Maximum:
    """The parameters p, q, gamma (money) that make ``spend`` likeliest."""
    typical = float(np.exp(np.mean(np.log(spend.total / spend.purchases))))
    found = maximise(Likelihood(spend), (2.0, 3.0, typical), len(spend.total))
    if not found.trouble and found.parameters[1] <= 1:
        return replace(found, trouble="q is 1 or less: the expected worth of a purchase is not finite")
    return found


def expected_worth(parameters: tuple[float, ...], spend: Spend) -> Floats:
    """E[M | x, mean worth] of a further purchase (equation 5 of the note), shape (n,)."""
    p, q, gamma = parameters
    return np.asarray(p * (gamma + spend.total) / (p * spend.purchases + q - 1))
