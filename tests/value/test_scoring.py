"""SQL's scores against scipy's, over parameters and customers far beyond what a shop has."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from scipy.integrate import quad
from scipy.stats import beta, gamma

from factories.value_oracle import ValueOracle

pytestmark = pytest.mark.integration
History = tuple[int, int, int]
Score = Callable[[dict[str, float], list[History]], dict[History, dict[str, Any]]]

AS_OF = date(2026, 6, 30)
WORTH = {"p": 6.25, "q": 3.74, "gamma": 15.44}
# (repeats, days to the last purchase, age): new today, new, lapsed, regular, very many, very old.
CUSTOMERS: list[History] = [
    *((0, 0, age) for age in (0, 1, 30, 365, 3650)),
    *((1, last, age) for last, age in ((1, 1), (1, 700), (300, 300), (3, 3650))),
    *((2, last, age) for last, age in ((30, 200), (213, 272))),
    *(
        (x, last, age)
        for x, last, age in ((10, 90, 100), (30, 31, 3650), (60, 60, 60), (150, 700, 720), (365, 366, 370))
    ),
]
# alpha in weeks: from a twentieth to four times the longest horizon.
PARAMETERS = {
    "cdnow": (0.243, 4.414, 0.793, 2.426),
    "demo": (0.9, 55 / 7, 0.8, 2.4),
    "keen": (0.5, 18.25 / 7, 0.3, 1.2),
    "keen_and_uneven": (0.1, 18.25 / 7, 0.1, 0.5),
    "slow": (5.0, 200.0, 1.2, 10.0),
    "dropping_out": (1.5, 3.0, 2.5, 3.0),
    "a_is_one": (0.6, 8.0, 1.0, 2.0),
    "a_is_nearly_one": (0.6, 8.0, 1.0 + 1e-9, 2.0),
    "a_and_b_are_one": (0.6, 8.0, 0.25, 0.75 + 1e-6),
    "hardly_any_dropout": (0.8, 9.0, 0.001, 3.0),
    "even": (60.0, 300.0, 0.7, 3.0),
}


def of(parameters: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(("r", "alpha", "a", "b"), parameters, strict=True)) | WORTH


@pytest.mark.parametrize("name", PARAMETERS)
def test_scores_are_scipy_s_to_nine_digits(score: Score, name: str) -> None:
    parameters = of(PARAMETERS[name])
    # The printed formula divides by a − 1 and loses all digits there: the oracle steps beside it.
    beside = parameters | {"a": 1 + 1e-5} if name.startswith("a_is") else parameters
    oracle, precision = ValueOracle(beside, AS_OF), 3e-5 if name.startswith("a_is") else 1e-9
    for customer, row in score(parameters, CUSTOMERS).items():
        expected = oracle.scores(*customer)
        for found, figure in (
            ("p_alive", "p_alive"),
            ("orders_90d", "expected_orders_90d"),
            ("orders_365d", "expected_orders_365d"),
        ):
            assert row[found] == pytest.approx(expected[figure], rel=precision), (found, customer)
        worth = oracle.worth(customer[0], 10.0 * customer[0])
        assert row["worth"] == pytest.approx(worth, rel=1e-12), customer
        assert row["spend_365d"] == pytest.approx(worth * row["orders_365d"], rel=1e-12)
        assert row["spend_90d"] == pytest.approx(worth * row["orders_90d"], rel=1e-12)
        for bound in ("next_order_from", "next_order_date", "next_order_to"):
            assert row[bound] == expected[bound], (bound, customer)


def test_where_alpha_is_a_fiftieth_of_the_horizon_six_digits_are_left(score: Score) -> None:
    parameters = of((0.4, 1.0, 0.6, 2.0))
    for customer, row in score(parameters, CUSTOMERS).items():
        expected = ValueOracle(parameters, AS_OF).expected(365 / 7, customer[0], customer[1] / 7, customer[2] / 7)
        assert row["orders_365d"] == pytest.approx(expected, rel=1e-6), customer


@pytest.mark.parametrize("customer", [(1, 100, 160), (4, 300, 310)])
def test_scores_are_means_over_who_the_customer_may_be(score: Score, customer: History) -> None:
    """No formula: the mean over rates and drop-out probabilities of somebody alive, added up by quadrature."""
    r, alpha, a, b = PARAMETERS["demo"]
    x, _, age = customer
    row = score(of(PARAMETERS["demo"]), [customer])[customer]
    rates = gamma(r + x, scale=1 / (alpha + age / 7))
    drops = beta(a, b + x)
    weeks = 90 / 7

    def orders_of(p: float) -> float:
        """Orders in 13 weeks of somebody who drops out with p: the mean over rates of (1 − e^(−λ p t)) ÷ p."""
        return (1 - (1 + p * weeks / (alpha + age / 7)) ** -(r + x)) / p

    alive = quad(lambda p: orders_of(p) * drops.pdf(p), 0, 1, limit=200)[0]
    assert row["orders_90d"] == pytest.approx(row["p_alive"] * alive, rel=1e-6)
    days = (row["next_order_date"] - AS_OF).days
    waits = [quad(lambda rate, d=d: rates.pdf(rate) * math.exp(-rate * d / 7), 0, 50)[0] for d in (days - 1, days)]
    assert waits[0] > 0.5 >= waits[1]
