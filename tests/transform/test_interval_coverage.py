"""Intervals of the satisfaction marts cover the truth as often as they say: drawn again and again, estimated by the marts' SQL.

Each draw is a day of ``int_satisfaction__daily``, so that one run of dbt estimates all of them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from factories.raw import RawFactory
from factories.raw_world import LAST_DAY
from huitou.settings import Settings
from huitou.shop.made import make_shop
from huitou.shop.opinions import QUESTIONS
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
FIRST_DAY = date(2000, 1, 1)
SIZES = (30, 60, 150, 400)
BOXES = {"csat": (4, 2), "nps": (9, 6), "ces": (5, 3), "review": (4, 2)}
# How often people of each fifth answer, from the least to the most content, about as in the demo shop: weights undo it
# where they know the fifth.
ANSWERS = np.array([0.16, 0.21, 0.25, 0.29, 0.34])
MODELS = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test", "--select")
Scores = dict[tuple[str, str], np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def settings(module_warehouse: Settings) -> Settings:
    with connect(module_warehouse) as connection:
        RawFactory(connection).order("o", "c", LAST_DAY)
    dbt.run(module_warehouse, LAST_DAY, (*MODELS, "+satisfaction_daily"))
    return module_warehouse


@pytest.fixture(scope="module")
def population() -> Scores:
    """What everybody would answer, of a shop of the demo's kind: by metric and dimension."""
    shop = make_shop(4000, Window.ending(date(2026, 11, 20), 365), 5, Parameters())
    found = {(m.lower(), d): shop.surveys.scores[:, n] for n, (m, d, *_) in enumerate(QUESTIONS)}
    return found | {("review", "overall"): shop.reviews.stars}


def value_of(metric: str, scores: np.ndarray[Any, Any]) -> float:
    top, bottom = BOXES[metric]
    if metric == "csat":
        return float((scores >= top).mean())
    if metric == "nps":
        return 100 * float((scores >= top).mean() - (scores <= bottom).mean())
    return float(scores.mean())


def drawn(draw: np.random.Generator, scores: np.ndarray[Any, Any], size: int) -> tuple[Any, Any]:
    """Answers of a sample in which the content answer more, with the weights of their fifths."""
    order = np.argsort(scores + draw.normal(0, 1.5, len(scores)))
    fifth = np.empty(len(scores), np.int64)
    fifth[order] = np.arange(len(scores)) * 5 // len(scores)
    chosen = draw.choice(len(scores), size, p=ANSWERS[fifth] / ANSWERS[fifth].sum())
    return scores[chosen], (ANSWERS.mean() / ANSWERS)[fifth[chosen]]


def sums(metric: str, scores: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> list[float]:
    top, bottom = scores >= BOXES[metric][0], scores <= BOXES[metric][1]
    plain = [len(scores), 0, 0, scores.sum(), (scores**2).sum(), top.sum(), bottom.sum()]
    weighted = [weights, weights**2, weights * scores, weights * scores**2, weights * top, weights * bottom]
    weighted += [weights**2 * scores, weights**2 * scores**2, weights**2 * top, weights**2 * bottom]
    return [float(value) for value in [*plain, *(part.sum() for part in weighted)]]


def coverage(settings: Settings, population: Scores, seeds: int) -> dict[tuple[str, str, str], float]:
    """By metric, dimension and which (plain, weighted): share of intervals that hold the truth."""
    truth = {key: value_of(key[0], scores) for key, scores in population.items()}
    names = ("n", "blank", "not_applicable", "score_sum", "score_sum_sq", "positive", "negative", "weight_sum")
    names += ("weight_sq_sum", "weighted_score_sum", "weighted_score_sum_sq", "weighted_positive", "weighted_negative")
    names += ("weight_sq_score_sum", "weight_sq_score_sum_sq", "weight_sq_positive", "weight_sq_negative")
    keys = ("day", "metric", "dimension", "breakdown", "subject", "is_promotion")
    with connect(settings) as connection:
        connection.execute("truncate intermediate.int_satisfaction__daily")
        copy = f"copy intermediate.int_satisfaction__daily ({', '.join((*keys, *names))}) from stdin"
        with connection.cursor() as cursor, cursor.copy(copy.encode()) as rows:
            for seed in range(seeds):
                draw = np.random.default_rng(seed)
                for (metric, dimension), scores in population.items():
                    for size in SIZES:
                        day = FIRST_DAY + timedelta(days=seed)
                        sample = draw.choice(scores, size)
                        biased, weights = drawn(draw, scores, size)
                        for subject, given in (("plain", (sample, np.ones(size))), ("weighted", (biased, weights))):
                            counted = [f"{v:.6f}" if n > 6 else int(v) for n, v in enumerate(sums(metric, *given))]
                            rows.write_row([day, metric, dimension, subject, str(size), False, *counted])
        dbt.run(settings, LAST_DAY, (*MODELS, "satisfaction_daily"))
        found = connection.execute(
            "select metric, dimension, breakdown, case breakdown when 'plain' then ci_low else weighted_ci_low end,"
            " case breakdown when 'plain' then ci_high else weighted_ci_high end from candidate.satisfaction_daily"
        ).fetchall()
    hits: dict[tuple[str, str, str], list[bool]] = {}
    for metric, dimension, which, low, high in found:
        if low is None:
            assert which == "weighted", "withheld only where weighted answers are worth fewer than min_n"
            continue
        held = float(low) <= truth[metric, dimension] <= float(high)
        hits.setdefault((metric, dimension, which), []).append(held)
    assert len(found) == seeds * len(population) * len(SIZES) * 2
    return {key: sum(held) / len(held) for key, held in hits.items()}


def assert_covered(found: dict[tuple[str, str, str], float], each: float) -> None:
    assert len(found) == 16
    assert min(found.values()) >= each, found
    for which in ("plain", "weighted"):
        every = [share for key, share in found.items() if key[2] == which]
        assert sum(every) / len(every) >= 0.93, (which, found)


def test_intervals_cover_the_truth_in_a_few_seeds(settings: Settings, population: Scores) -> None:
    assert_covered(coverage(settings, population, 25), each=0.85)


@pytest.mark.battery
def test_intervals_cover_the_truth_in_93_of_100_of_200_seeds(settings: Settings, population: Scores) -> None:
    assert_covered(coverage(settings, population, 200), each=0.93)
