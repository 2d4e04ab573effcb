"""Satisfaction by day, week and month in a real warehouse, held against Python that reads raw alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from scipy import stats

from factories.marts_oracle import t_quantile
from factories.raw import RawFactory, noon
from factories.raw_world import LAST_DAY
from factories.satisfaction_oracle import SatisfactionOracle
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
MODELS = ("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious", "--select")
MODELS = (*MODELS, *("+satisfaction_daily", "+satisfaction_weekly", "+satisfaction_monthly"))
QUESTIONS = (("csat", "site", 5), ("csat", "transaction", 5), ("nps", "overall", 10), ("ces", "service", 7))
COUNTS = ("n", "blank", "not_applicable", "score_sum")
FIGURES = ("value", "ci_low", "ci_high", "weighted_value", "weighted_ci_low", "weighted_ci_high")
Row = dict[str, Any]


def ago(days: int) -> date:
    return LAST_DAY - timedelta(days=days)


def fill(connection: psycopg.Connection) -> RawFactory:
    """300 deliveries in 75 days; the late ones, the low reviews and the shop's own store answer less."""
    draw = random.Random(5)  # noqa: S311 (a shop to test with, nothing secret)
    raw = RawFactory(connection)
    for product, category in (("p1", "tea"), ("p2", "cups")):
        raw.insert("products", ago(80), product_id=product, name=product, category=category)
    for number in range(300):
        # A third of them on one day, which has answers enough for figures of its own.
        day = ago(60 if number % 3 == 0 else draw.randrange(3, 78))
        customer, late = f"c{int(draw.paretovariate(1)) % 60}", draw.random() < 0.4
        lines = [(1, f"{draw.uniform(5, 300):.2f}", "0")] * draw.randint(1, 3)
        channel = draw.choice(["online", "online", "store", None])
        promised = draw.choice([3, 3, 3, None])
        order = f"o{number}"
        dates = {"promised_after": promised, "delivered_after": 5 if late else 2}
        raw.order(order, customer, day, lines, "delivered", channel=channel, **dates)
        score = draw.randint(1, 3) if late else draw.randint(2, 5)
        if draw.random() < 0.6:
            product = draw.choice([None, "p1"])
            raw.review(f"v{number}", order, min(day + timedelta(days=6), LAST_DAY), score, product_id=product)
        if draw.random() < (0.35 if late else 0.8):
            answer(raw, draw, f"s{number}", customer, order, min(day + timedelta(days=7), LAST_DAY))
    odd_answers(raw)
    return raw


def answer(raw: RawFactory, draw: random.Random, name: str, customer: str, order: str, day: date) -> None:
    for metric, dimension, top in QUESTIONS:
        score = draw.choice([98, 99]) if draw.random() < 0.05 else draw.randint(1, top)
        weight = draw.choice([None, None, "1.5"])
        given = {"metric": metric, "dimension": dimension, "score": score, "weight": weight, "order_id": order}
        raw.insert("survey_responses", day, response_id=name, customer_id=customer, answered_at=noon(day), **given)


def odd_answers(raw: RawFactory) -> None:
    """One of each kind; ``test_odd_answers`` says what becomes of them."""
    given = {"customer_id": "odd", "metric": "csat", "dimension": "overall"}
    raw.order("odd", "odd", ago(20), status="delivered", delivered_after=2)
    raw.insert(
        "survey_responses", ago(30), response_id="early", order_id="odd", answered_at=noon(ago(30)), score=1, **given
    )
    raw.insert(
        "survey_responses", ago(31), response_id="off", order_id="odd", answered_at=noon(ago(31)), score=9, **given
    )
    raw.insert("survey_responses", ago(32), response_id="blank", answered_at=noon(ago(32)), score=99, **given)
    raw.review("nobody", "never_ordered", ago(33), 1)
    raw.review("shared", "o1", ago(1), 5)
    raw.review("shared", "o2", ago(1), 5)
    raw.review("again", "odd", ago(16), 1)
    raw.review("and_again", "odd", ago(16), 3)


class World:
    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.raw = fill(connection)
        dbt.run(settings, LAST_DAY, MODELS)
        tiers = dict(connection.execute("select customer_key, value_tier from intermediate.int_customers__tiers"))
        self.oracle = SatisfactionOracle(connection, LAST_DAY, tiers)

    def rows(self, mart: str) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from candidate.{}").format(sql.Identifier(mart))).fetchall()

    def daily(self, day: date, breakdown: str = "all") -> dict[tuple[str, str, str], Row]:
        rows = [r for r in self.rows("satisfaction_daily") if (r["day"], r["breakdown"]) == (day, breakdown)]
        return {(r["metric"], r["dimension"], r["subject"]): r for r in rows}


@pytest.fixture(scope="module")
def world(module_warehouse: Settings) -> Iterator[World]:
    with connect(module_warehouse) as connection:
        yield World(module_warehouse, connection)


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_sums_and_figures_are_the_oracle_s(world: World, period: str) -> None:
    mart = {"day": "satisfaction_daily", "week": "satisfaction_weekly", "month": "satisfaction_monthly"}[period]
    cell = ("metric", "dimension", "breakdown", "subject")
    rows = {
        (r["day"] if period == "day" else r["first_day"], r.get("days", "all"), *(r[c] for c in cell)): r
        for r in world.rows(mart)
    }
    expected = world.oracle.cells(period)
    if period == "day":
        expected = {key: row for key, row in expected.items() if key[1] == "all"}
    assert rows.keys() == expected.keys()
    shown = 0
    for key, row in rows.items():
        assert {c: row[c] for c in COUNTS} == {c: expected[key][c] for c in COUNTS}, key
        assert row["is_withheld"] == (row["n"] < 30), key
        for column in FIGURES:
            found = None if row[column] is None else float(row[column])
            assert found == pytest.approx(expected[key][column], abs=0.0002 if "weighted" in column else 0.00006), key
        shown += row["value"] is not None
    assert shown > {"day": 4, "week": 10, "month": 40}[period]


def test_weights_move_the_figures_of_who_answers_less(world: World) -> None:
    rows = [r for r in world.rows("satisfaction_monthly") if r["breakdown"] == "all" and r["value"] is not None]
    assert any(r["weighted_value"] != r["value"] for r in rows)
    assert all(float(r["effective_n"]) < r["n"] for r in rows)


def test_weeks_are_told_with_and_without_promotions(world: World) -> None:
    (with_all, ordinary) = (
        {(r["metric"], r["dimension"]): r for r in world.rows("satisfaction_weekly") if keep(r, days)}
        for days in ("all", "ordinary")
    )
    for key, row in with_all.items():
        left = ordinary[key]["n"] if key in ordinary else 0
        assert row["n"] - row["promotion_n"] == left, key
    assert sum(r["promotion_n"] for r in with_all.values()) > 5


def keep(row: Row, days: str) -> bool:
    """The week of 618, of everything."""
    return (row["first_day"], row["days"], row["breakdown"]) == (date(2026, 6, 15), days, "all")


def test_odd_answers(world: World) -> None:
    question = ("csat", "overall", "all")
    assert world.daily(ago(30))[question]["n"] == 1, "an answer before its order counts"
    assert not any(s == "odd" for *_, s in world.daily(ago(30), "product")), "and is about no order"
    assert [r for r in world.rows("satisfaction_daily") if keep_csat(r)] == []
    assert question not in world.daily(ago(31)), "off its scale"
    blank = world.daily(ago(32))[question]
    assert (blank["n"], blank["blank"], blank["value"]) == (0, 1, None)
    review = ("review", "overall", "all")
    assert world.daily(ago(33))[review]["n"] >= 1, "a review of an order that nobody knows counts"
    assert world.daily(ago(33), "tier")["review", "overall", "(none)"]["n"] == 1
    both = world.daily(ago(1), "tier")
    assert sum(r["n"] for (m, *_), r in both.items() if m == "review") >= 2, "one review on two orders counts twice"
    several = world.daily(ago(16), "seller")
    assert sum(r["n"] for (m, *_), r in several.items() if m == "review") >= 2, "each review of an order counts"


def keep_csat(row: Row) -> bool:
    """Overall csat by what was in the order, of which only an answer before its order was given."""
    return row["metric"] == "csat" and row["dimension"] == "overall" and row["breakdown"] in ("product", "channel")


def test_quantile_of_means_is_student_s_when_figures_are_shown() -> None:
    for n in (30, 40, 100, 1000):
        assert t_quantile(n - 1) == pytest.approx(stats.t.ppf(0.975, n - 1), abs=0.0001)
