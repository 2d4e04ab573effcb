"""What customers think of an order, and what they say: reviews and survey answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, NEVER, Bools, Floats, Ints, stream
from huitou.shop.baskets import Lines
from huitou.shop.catalogue import Catalogue
from huitou.shop.fulfilment import Orders
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers, People

STAR_EDGES = (-1.9, -1.2, -0.55, 0.25)
# Metric, dimension, level, spread, lowest, highest: score = round(level + spread x feeling), kept in range
QUESTIONS: tuple[tuple[str, str, float, float, int, int], ...] = (
    ("CSAT", "product", 4.05, 0.80, 1, 5),
    ("CSAT", "service", 4.10, 0.70, 1, 5),
    ("CSAT", "site", 4.00, 0.65, 1, 5),
    ("CSAT", "delivery", 4.15, 0.75, 1, 5),
    ("NPS", "overall", 8.0, 1.7, 0, 10),
    ("CES", "service", 5.4, 1.0, 1, 7),
    ("CES", "site", 5.5, 1.0, 1, 7),
)
# How much lateness is felt in each dimension, against the overall feeling
LATE_WEIGHT = {"overall": 1.0, "product": 0.3, "service": 0.7, "site": 0.1, "delivery": 1.8}


@dataclass(frozen=True)
class Reviews:
    """Reviews by number; ``stars`` 1 to 5; ``answered`` may be ``NEVER``; ``draw`` chooses the words."""

    order: Ints
    product: Ints
    stars: Ints
    created: Ints
    answered: Ints
    draw: Ints


@dataclass(frozen=True)
class Surveys:
    """Everybody who was asked, answering or not.

    ``scores``: (asked, questions), what each would answer; ``answered`` is ``NEVER`` for who stays silent.
    """

    order: Ints
    asked: Ints
    answered: Ints
    scores: Ints
    draw: Ints


@dataclass(frozen=True)
class Feelings:
    """Per order: the feeling apart from delivery, and what lateness took from it (0 or more)."""

    plain: Floats
    hurt: Floats

    @property
    def overall(self) -> Floats:
        return self.plain - self.hurt


def feel(orders: Orders, lines: Lines, buyers: Buyers, catalogue: Catalogue, p: Parameters, seed: int) -> Feelings:
    """mood of the customer + quality of the first product + noise - damage; minus lateness, more the longer it was."""
    rng = stream(seed, "feelings")
    first = lines.product[lines.number == 1]
    noise = rng.normal(0, p.noise_spread, len(orders.ordered)) - p.damaged_hurt * orders.damaged
    days = np.where(orders.late, (orders.delivered - orders.promised) / DAY, 0.0)
    hurt = np.where(orders.late, p.late_hurt + p.late_hurt_per_day * np.minimum(days, 10), 0.0)
    return Feelings(buyers.mood[orders.customer] + catalogue.quality[first] + noise, hurt)


def review(orders: Orders, lines: Lines, feelings: Feelings, p: Parameters, seed: int) -> Reviews:
    """Some delivered orders are reviewed 1 to 12 days later; the very happy and very unhappy more often."""
    rng = stream(seed, "reviews")
    count = len(orders.ordered)
    feeling = feelings.overall
    likely = p.review_share * (1 + 0.5 * (np.abs(feeling) > 1.2))
    chosen = np.flatnonzero((orders.delivered >= 0) & (rng.random(count) < likely))
    stars = np.searchsorted(np.array(STAR_EDGES), feeling[chosen]).astype(np.int64) + 1
    created = orders.delivered[chosen] + np.floor(rng.uniform(DAY, 12 * DAY, len(chosen))).astype(np.int64)
    replied = rng.random(len(chosen)) < np.where(stars <= 3, 0.7, 0.2)
    answered = created + np.floor(rng.uniform(2 * HOUR, 3 * DAY, len(chosen))).astype(np.int64)
    product = lines.product[lines.number == 1][chosen]
    draw = rng.integers(0, 1 << 20, len(chosen))
    place = np.argsort(created, kind="stable")
    answered = np.where(replied, answered, NEVER)
    return Reviews(chosen[place], product[place], stars[place], created[place], answered[place], draw[place])


def survey(orders: Orders, people: People, feelings: Feelings, p: Parameters, seed: int) -> Surveys:
    """Half of the delivered orders are asked two days on; the satisfied answer more often (planted bias)."""
    rng = stream(seed, "surveys")
    count = len(orders.ordered)
    reachable = (people.phone >= 0) | (people.email >= 0)
    able: Bools = (orders.delivered >= 0) & reachable[orders.customer]
    chosen = np.flatnonzero(able & (rng.random(count) < p.asked_share))
    asked = (orders.delivered[chosen] // DAY + 2) * DAY + 10 * HOUR
    plain, hurt = feelings.plain[chosen], feelings.hurt[chosen]
    likely = 1 / (1 + np.exp(-(p.answer_level + p.answer_slope * (plain - hurt))))
    answers = rng.random(len(chosen)) < likely
    delay = np.floor(rng.exponential(0.8 * DAY, len(chosen))).astype(np.int64) + 60
    columns = []
    for _, dimension, level, spread, low, high in QUESTIONS:
        felt = plain - LATE_WEIGHT[dimension] * hurt + rng.normal(0, 0.45, len(chosen))
        columns.append(np.clip(np.round(level + spread * felt), low, high))
    place = np.argsort(asked, kind="stable")
    return Surveys(
        order=chosen[place],
        asked=asked[place],
        answered=np.where(answers, asked + delay, NEVER)[place],
        scores=np.stack(columns, axis=1).astype(np.int64)[place],
        draw=rng.integers(0, 1 << 20, len(chosen)),
    )
