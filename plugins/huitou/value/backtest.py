"""How well a fit tells what it was not shown: the last days of the shop, held out.

The score is a mean deviance, less is better: twice the log-likelihood lost against telling each customer's figure
exactly. Of orders it is Poisson's, of the worth of an order Gamma's; both are least where the mean is told right
(McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, 2.3), whatever the figures' own spread.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from huitou.value import bg_nbd, gamma_gamma
from huitou.value.sample import Orders, Worth

Parameters = tuple[float, ...]


@dataclass(frozen=True)
class Backtest:
    """Of a fit to what came before the holdout.

    ``days``: length of the holdout. ``customers``: customers it is scored on. ``parameters``: of that fit. ``score``:
    its deviance; ``score_in_use``: that of the fit in use, which saw none of the holdout either; None where there is
    none. ``expected`` and ``actual``: purchases in the holdout, or the mean worth of one.
    """

    days: int
    customers: int
    parameters: dict[str, float]
    score: float
    score_in_use: float | None
    expected: float
    actual: float

    @property
    def is_worse(self) -> bool:
        """The fit in use told the holdout better; a score that is no number is worse than any."""
        return not np.isfinite(self.score) or (self.score_in_use is not None and self.score > self.score_in_use)

    def stored(self) -> dict[str, Any]:
        """As a JSON object."""
        numbers = asdict(self)
        return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in numbers.items()}


def of_orders(held_out: Orders, days: int, parameters: Parameters, in_use: Parameters | None) -> Backtest:
    """Purchases of the holdout, told by BG/NBD."""
    expected = bg_nbd.expected_purchases(parameters, held_out.purchases, days)
    weights = held_out.purchases.customers

    def score(told: Parameters) -> float:
        mean = expected if told is parameters else bg_nbd.expected_purchases(told, held_out.purchases, days)
        lost = xlogy(held_out.later, held_out.later / mean) - (held_out.later - mean)
        return float(2 * (weights @ lost) / weights.sum())

    return Backtest(
        days,
        int(weights.sum()),
        dict(zip(bg_nbd.NAMES, parameters, strict=True)),
        score(parameters),
        score(in_use) if in_use else None,
        float(weights @ expected),
        float(weights @ held_out.later),
    )


def of_worth(worth: Worth, days: int, parameters: Parameters, in_use: Parameters | None) -> Backtest:
    """The mean worth of each customer's purchases in the holdout, told by Gamma-Gamma; each purchase counts alike."""
    weights, mean = worth.later, worth.later_total / np.maximum(worth.later, 1)
    total = max(int(weights.sum()), 1)

    def score(told: Parameters) -> float:
        ratio = mean / gamma_gamma.expected_worth(told, worth.before)
        with np.errstate(invalid="ignore"):
            return float(2 * (weights @ (ratio - 1 - np.log(ratio))) / total)

    return Backtest(
        days,
        len(weights),
        dict(zip(gamma_gamma.NAMES, parameters, strict=True)),
        score(parameters),
        score(in_use) if in_use else None,
        float(weights @ gamma_gamma.expected_worth(parameters, worth.before) / total),
        float(worth.later_total.sum() / total),
    )
