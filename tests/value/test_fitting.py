"""Which fits are accepted: enough data, a maximum found, and a holdout told no worse than by the fit in use."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from factories.cdnow import CALIBRATED_ON, Order, take_in
from factories.value_oracle import ValueOracle, assert_scored
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.transform.build import build
from huitou.transform.fitted import READ_BY_FIT, build_what_fits_read, fit_value
from huitou.value.fits import ValueFit, forget, is_due, keep, up_to
from huitou.value.fitting import fit
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
AS_OF = date(2026, 6, 30)
WITHOUT_TESTS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
SCORING = (*WITHOUT_TESTS, "--select", "+customer_value", "+value_fits", "--exclude", *READ_BY_FIT)
PREDICTED = "p_alive, expected_orders_90d, expected_orders_365d, expected_spend_365d, total_value, next_order_date"


def orders(customers: int, gaps: Callable[[int], list[int]], dollars: str = "9.90") -> list[Order]:
    """Customers who bought once so many days before ``AS_OF`` each."""
    return [Order(f"c{n}", AS_OF - timedelta(days=ago), 1, dollars) for n in range(customers) for ago in gaps(n)]


SHOPS: dict[str, tuple[list[Order], str]] = {
    "nobody has bought twice": (
        orders(700, lambda n: [n % 400]),
        "too few customers with a second purchase: 0, the limit is 100",
    ),
    "five customers": (orders(5, lambda n: [200, 100, 1]), "too few customers with a purchase: 5, the limit is 500"),
    "all on one day": (
        orders(700, lambda n: [0, 0, 0]),
        "too few customers with a second purchase: 0, the limit is 100",
    ),
    "a young shop": (orders(700, lambda n: [90, 60, 1]), "too few days of history: 90, the limit is 180"),
    "a shop that is closed": (
        orders(700, lambda n: [400, 300, 31]),
        "too many days since the newest purchase: 31, the limit is 30",
    ),
    "hardly anybody three times": (
        orders(700, lambda n: [300, 1]),
        "too few customers with a third purchase: 0, the limit is 20",
    ),
}


@pytest.mark.parametrize("name", SHOPS)
def test_fit_says_what_is_missing_when_there_is_too_little(warehouse: Settings, tmp_path: Path, name: str) -> None:
    sold, reason = SHOPS[name]
    settings = take_in(tmp_path, warehouse, AS_OF, sold)
    with connect(settings) as connection:
        build_what_fits_read(settings, connection, AS_OF)
        found = fit(connection, AS_OF)
    assert [(f.model, f.outcome, f.reason) for f in found] == [
        (model, "not_enough_data", reason) for model in ("bg_nbd", "gamma_gamma")
    ]


def score(settings: Settings, connection: psycopg.Connection, as_of: date) -> None:
    """What a build does about value, without the other marts and the gate."""
    build_what_fits_read(settings, connection, as_of)
    fit_value(connection, as_of, as_of)
    dbt.run(settings, as_of, SCORING)


def test_night_predicts_nothing_when_there_is_too_little(warehouse: Settings, tmp_path: Path) -> None:
    sold, reason = SHOPS["a young shop"]
    settings = take_in(tmp_path, warehouse, AS_OF, sold)
    with connect(settings) as connection:
        score(settings, connection, AS_OF)
        fits = connection.execute(
            "select model, outcome, reason, is_in_use from candidate.value_fits order by 1"
        ).fetchall()
        rows = connection.execute(f"select {PREDICTED} from candidate.customer_value".encode()).fetchall()
    assert fits == [(model, "not_enough_data", reason, False) for model in ("bg_nbd", "gamma_gamma")]
    assert set(rows) == {(None,) * 6}
    assert len(rows) == len({order.customer for order in sold})


def like_clockwork() -> list[Order]:
    """Everybody buys every tenth day and stays: no spread of rates and nobody lost, so no maximum."""
    return orders(600, lambda n: list(range(n % 10, 300, 10)))


def test_fit_is_refused_when_it_does_not_converge(warehouse: Settings, tmp_path: Path) -> None:
    settings = take_in(tmp_path, warehouse, AS_OF, like_clockwork())
    build(settings, AS_OF)
    with connect(settings) as connection:
        found = connection.execute("select outcome, reason, is_in_use from marts.value_fits").fetchall()
        warned = connection.execute(
            "select failing from ops.gate_results where dataset = 'candidate.value_fits' and rule = 'fit_refused' "
            "and not passed and severity = 'warning'"
        ).fetchall()
        rows = connection.execute(f"select distinct {PREDICTED} from marts.customer_value".encode()).fetchall()
    for outcome, reason, is_in_use in found:
        assert (outcome, is_in_use) == ("refused", False)
        assert "ran to the end of its range" in reason or "still rises" in reason
    assert warned == [(2,)]
    assert rows == [(None,) * 6]


def test_scores_are_those_of_the_fit_in_use_when_a_newer_one_does_not_converge(
    warehouse: Settings, tmp_path: Path
) -> None:
    settings = take_in(tmp_path, warehouse, AS_OF, like_clockwork())
    older = {
        "bg_nbd": {"r": 1.5, "alpha": 2.0, "a": 0.4, "b": 9.0},
        "gamma_gamma": {"p": 6.0, "q": 4.0, "gamma": 15.0},
    }
    with connect(settings) as connection, connection.cursor(row_factory=dict_row) as cursor:
        keep(connection, AS_OF - timedelta(days=7), [in_use(m, p, AS_OF - timedelta(days=7)) for m, p in older.items()])
        score(settings, connection, AS_OF)
        fits = connection.execute("select model, as_of, outcome, is_in_use from candidate.value_fits order by 1, 2")
        assert fits.fetchall() == [
            row
            for model in ("bg_nbd", "gamma_gamma")
            for row in ((model, AS_OF - timedelta(days=7), "accepted", True), (model, AS_OF, "refused", False))
        ]
        rows = cursor.execute("select * from candidate.customer_value").fetchall()
    oracle = ValueOracle({**older["bg_nbd"], **older["gamma_gamma"]}, AS_OF)
    assert len(rows) == 600
    for row in rows:
        days = range((AS_OF - row["last_order_date"]).days, 300, 10)
        spent = [(AS_OF - timedelta(days=ago), Decimal("9.90")) for ago in days]
        assert_scored(row, oracle.customer(spent), row["customer_key"])


@pytest.fixture(scope="module")
def cdnow(module_warehouse: Settings) -> Settings:
    """CDNOW in the tables that a fit reads, and no fit yet."""
    settings = take_in(module_warehouse.home, module_warehouse, CALIBRATED_ON)
    with connect(settings) as connection:
        build_what_fits_read(settings, connection, CALIBRATED_ON)
    return settings


@pytest.fixture
def fits(cdnow: Settings) -> Iterator[psycopg.Connection]:
    """A connection on which no fit is kept."""
    with connect(cdnow) as connection:
        connection.execute("truncate ops.value_fits")
        yield connection


WEEK_BEFORE = CALIBRATED_ON - timedelta(days=7)


def in_use(model: str, parameters: dict[str, float], as_of: date = WEEK_BEFORE) -> ValueFit:
    return ValueFit(model, as_of, "accepted", None, 1, parameters, -1.0, {"parameters": parameters})


# Of CDNOW's last 90 days nothing tells more than a fit that has seen them, and hardly anything less than nonsense.
JUDGED = {
    ("bg_nbd", "better"): {"r": 0.26, "alpha": 4.4, "a": 0.76, "b": 2.5},
    ("bg_nbd", "worse"): {"r": 5.0, "alpha": 1.0, "a": 0.1, "b": 9.0},
    ("gamma_gamma", "better"): {"p": 6.25, "q": 3.74, "gamma": 15.44},
    ("gamma_gamma", "worse"): {"p": 1.0, "q": 9.0, "gamma": 5.0},
}


@pytest.mark.parametrize(("model", "kind"), JUDGED)
def test_fit_is_judged_against_the_one_in_use(fits: psycopg.Connection, model: str, kind: str) -> None:
    keep(fits, WEEK_BEFORE, [in_use(model, JUDGED[model, kind])])
    by_model = {made.model: made for made in fit(fits, CALIBRATED_ON)}
    found = by_model.pop(model)
    assert found.backtest is not None
    assert (found.backtest["score"] > found.backtest["score_in_use"]) == (kind == "better")
    assert found.outcome == {"better": "refused", "worse": "accepted"}[kind]
    assert [other.outcome for other in by_model.values()] == ["accepted"]
    if kind == "better":
        assert f"worse than the fit of {WEEK_BEFORE}, which stays in use" in (found.reason or "")
    else:
        assert found.reason is None


def test_refused_fit_scores_nobody(fits: psycopg.Connection, cdnow: Settings) -> None:
    model = "gamma_gamma"
    parameters = JUDGED[model, "better"]
    keep(fits, WEEK_BEFORE, [in_use(model, parameters)])
    score(cdnow, fits, CALIBRATED_ON)
    dates = {one: WEEK_BEFORE if one == model else CALIBRATED_ON for one in ("bg_nbd", "gamma_gamma")}
    with fits.cursor(row_factory=dict_row) as cursor:
        scored = cursor.execute("select * from candidate.base_value__parameters").fetchall()
    assert [(row["orders_fitted_on"], row["worth_fitted_on"]) for row in scored] == [tuple(dates.values())]
    assert {name: scored[0][name] for name in parameters} == parameters
    marks = "select as_of, outcome, is_in_use from candidate.value_fits where model = %s order by 1"
    assert fits.execute(marks, (model,)).fetchall() == [
        (WEEK_BEFORE, "accepted", True),
        (CALIBRATED_ON, "refused", False),
    ]


def test_a_fit_equal_to_the_one_in_use_is_accepted(fits: psycopg.Connection) -> None:
    first = fit(fits, CALIBRATED_ON)
    assert first[0].backtest is not None
    keep(fits, WEEK_BEFORE, [in_use("bg_nbd", first[0].backtest["parameters"])])
    again = fit(fits, CALIBRATED_ON)
    assert [f.outcome for f in again] == ["accepted", "accepted"]
    assert again[0].parameters == first[0].parameters


def test_fits_of_a_date_replace_each_other(fits: psycopg.Connection) -> None:
    made = fit(fits, CALIBRATED_ON)
    assert fit(fits, CALIBRATED_ON) == made
    assert up_to(fits, CALIBRATED_ON) == made
    assert up_to(fits, WEEK_BEFORE) == []


def test_dates_with_a_fit_are_the_same_in_any_order_of_nights(fits: psycopg.Connection) -> None:
    days = [date(2026, 3, 4) + timedelta(days=n) for n in range(25)]
    sundays = [day for day in days if day.weekday() == 6]

    def run(nights: list[date]) -> list[date]:
        fits.execute("truncate ops.value_fits")
        # A date that runs out of its turn is run once more, as a night after it would rebuild it.
        for night in [*nights, *days]:
            if is_due(fits, night, 7):
                keep(fits, night, [ValueFit("bg_nbd", night, "not_enough_data", "few", 1)])
            else:
                forget(fits, night)
        return [row[0] for row in fits.execute("select as_of from ops.value_fits order by 1").fetchall()]

    expected = [days[0], *sundays]
    assert run(days) == expected
    for seed in range(5):
        shuffled = days.copy()
        random.Random(seed).shuffle(shuffled)  # noqa: S311 (an order of nights)
        assert run(shuffled) == expected
    assert all(is_due(fits, day, 1) for day in days)


def test_a_fit_that_was_asked_for_stays_when_none_is_due(fits: psycopg.Connection) -> None:
    keep(fits, CALIBRATED_ON, [ValueFit("bg_nbd", CALIBRATED_ON, "not_enough_data", "few", 1, asked=True)])
    forget(fits, CALIBRATED_ON)
    assert len(up_to(fits, CALIBRATED_ON)) == 1
