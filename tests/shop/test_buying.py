"""The purchase process against the closed forms of Fader, Hardie and Lee (2005)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.special import gammaln, hyp2f1

from huitou.shop.buying import Purchases, buy, quit_after
from huitou.shop.fulfilment import NOT_YET
from huitou.shop.parameters import Parameters
from huitou.shop.people import make_buyers
from huitou.shop.season import Season, Window

CUSTOMERS = 30_000
MODELS = [
    Parameters(),
    Parameters(r=0.243, alpha=30.9, a=0.793, b=2.426),  # CDNOW's, alpha in days
    Parameters(r=2.0, alpha=80.0, a=1.5, b=4.0),
]


def repeats(p: Parameters, days: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Repeat purchases of customers who all first bought when the window opened, who is lost, and its length."""
    season = Season(Window.ending(date(2026, 11, 20), days), p)
    buyers = make_buyers(CUSTOMERS, season, p, 4)
    buyers = replace(buyers, first=np.full(CUSTOMERS, season.opens))
    purchases = buy(buyers, season, 4)
    counts = np.bincount(purchases.customer, minlength=CUSTOMERS) - 1
    return counts, purchases.lost, season.closes - season.opens


@pytest.mark.parametrize("p", MODELS, ids=["demo", "cdnow", "brisk"])
def test_mean_repeats_are_the_models(p: Parameters) -> None:
    counts, _, t = repeats(p, 273)
    scale = (p.a + p.b - 1) / (p.a - 1)
    shrink = (p.alpha / (p.alpha + t)) ** p.r * hyp2f1(p.r, p.b, p.a + p.b - 1, t / (p.alpha + t))
    assert counts.mean() == pytest.approx(scale * (1 - shrink), abs=4 * counts.std() / CUSTOMERS**0.5)


@pytest.mark.parametrize("p", MODELS, ids=["demo", "cdnow", "brisk"])
@pytest.mark.parametrize("x", [0, 1, 3])
def test_share_with_x_repeats_is_the_models(p: Parameters, x: int) -> None:
    counts, _, t = repeats(p, 180)
    expected = probability(p, x, t)
    assert (counts == x).mean() == pytest.approx(expected, abs=4 * (expected / CUSTOMERS) ** 0.5)


def probability(p: Parameters, x: int, t: float) -> float:
    """P(X(t) = x), equation 8 of the paper."""

    def log_beta(a: float, b: float) -> float:
        return float(gammaln(a) + gammaln(b) - gammaln(a + b))

    def poisson(j: int) -> float:
        logs = gammaln(p.r + j) - gammaln(p.r) - gammaln(j + 1)
        return float(np.exp(logs + p.r * np.log(p.alpha / (p.alpha + t)) + j * np.log(t / (p.alpha + t))))

    stays = np.exp(log_beta(p.a, p.b + x) - log_beta(p.a, p.b)) * poisson(x)
    leaves = np.exp(log_beta(p.a + 1, p.b + x - 1) - log_beta(p.a, p.b)) if x else 0.0
    return float(stays + leaves * (1 - sum(poisson(j) for j in range(x))))


def test_nobody_is_lost_before_a_repeat_purchase() -> None:
    counts, lost, _ = repeats(Parameters(), 180)
    assert not lost[counts == 0].any()
    assert 0 < lost.mean() < 1


def test_purchases_end_when_a_customer_quits() -> None:
    bought = Purchases(
        customer=np.array([0, 1, 0, 0, 1]),
        ordered=np.array([10, 11, 20, 30, 40]),
        lost=np.array([False, False]),
        last=np.array([30, 40]),
        past_customer=np.array([1]),
        past_ordered=np.array([5]),
    )
    left, kept = quit_after(bought, np.array([25, NOT_YET, NOT_YET, NOT_YET, NOT_YET]), NOT_YET)
    assert kept.tolist() == [0, 1, 2, 4]
    assert left.lost.tolist() == [True, False]
    assert left.last.tolist() == [20, 40]
    assert left.past_ordered.tolist() == [5]
