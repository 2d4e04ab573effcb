"""Turns for the worse, planted into a shop that is already made: nothing is drawn that another part draws.

What followed from the things that a turn changes (who buys again, who complains) stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from huitou.shop.arrays import DAY, HOUR, Bools, Ints, rows_of, stream, text_code, text_day, text_id
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.drops import csv_bytes
from huitou.shop.made import Shop
from huitou.shop.parcels import CARRIERS
from huitou.shop.words import CATEGORIES

TURNS, PRODUCTS = "turns.csv", "products.csv"
# Days before the window's last on which each begins; all go on to its end.
CARRIER_DAYS, QUALITY_DAYS, FEED_DAYS = 20, 13, 6
CARRIER = len(CARRIERS) - 1
HIT_SHARE = 0.85
LEMONS = 5


@dataclass(frozen=True)
class Turn:
    """What turned: the signal that should tell, the part and the names (parted by `|`) that are the cause, and the first day."""

    signal: str
    part: str
    name: str
    first_day: int


@dataclass(frozen=True)
class Planted:
    """The turns, and the products that were bad all the time."""

    turns: list[Turn]
    lemons: Ints


QUIET = Planted([], np.array([], dtype=np.int64))


def take_turns(shop: Shop, seed: int) -> tuple[Shop, Planted]:
    """Some bad products all along; then a carrier that comes late, goods that nobody likes any more, and half a feed."""
    turns = []
    shop, lemons = _lemons(shop, stream(seed, "turns: lemons"))
    for turn_of in (_late_carrier, _bad_goods, _half_feed):
        shop, turn = turn_of(shop, stream(seed, f"turns: {turn_of.__name__}"))
        turns.append(turn)
    return shop, Planted(turns, lemons)


def write_turns(truth: Path, shop: Shop, planted: Planted) -> None:
    """``turns.csv``, nothing but its header in a quiet shop; and ``products.csv``, the true quality of all goods."""
    turns = planted.turns
    named = ("signal", "part", "name")
    columns = {name: pa.array([getattr(turn, name) for turn in turns], pa.string()) for name in named}
    days = text_day(np.array([turn.first_day for turn in turns], dtype=np.int64))
    (truth / TURNS).write_bytes(csv_bytes({**columns, "first_day": days}))
    products = np.arange(len(shop.catalogue.quality))
    goods = {
        "product_id": text_id("P", products, 4),
        "category": text_code(tuple(category[0] for category in CATEGORIES), products // IN_CATEGORY),
        "seller_id": text_id("S", shop.catalogue.seller + 1, 2),
        "quality": pa.array([f"{quality:.6g}" for quality in shop.catalogue.quality], pa.string()),
        "lemon": text_code(("false", "true"), np.isin(products, planted.lemons).astype(np.int64)),
    }
    (truth / PRODUCTS).write_bytes(csv_bytes(goods))


def _lemons(shop: Shop, rng: np.random.Generator) -> tuple[Shop, Ints]:
    """Most reviews of a few products that much is said of give one or two stars."""
    reviews = shop.reviews
    said = np.bincount(reviews.product, minlength=len(shop.catalogue.quality))
    known = np.argsort(-said, kind="stable")[: len(said) // 3]
    lemons = np.sort(rng.choice(known, LEMONS, replace=False))
    hit = np.isin(reviews.product, lemons) & (rng.random(len(reviews.product)) < HIT_SHARE)
    return _with_low_stars(shop, hit, rng), lemons


def _with_low_stars(shop: Shop, hit: Bools, rng: np.random.Generator) -> Shop:
    stars = np.where(hit, rng.integers(1, 3, len(hit)), shop.reviews.stars)
    return replace(shop, reviews=replace(shop.reviews, stars=stars))


def _late_carrier(shop: Shop, rng: np.random.Generator) -> tuple[Shop, Turn]:
    """Most of a carrier's parcels come 6 to 42 hours after the promise, of those promised from a day on."""
    first = shop.window.last - CARRIER_DAYS
    parcels, orders = shop.parcels, shop.orders
    due = orders.promised[parcels.order]
    hit = (parcels.carrier == CARRIER) & (due // DAY >= first) & (rng.random(len(due)) < HIT_SHARE)
    late = due + 6 * HOUR + rng.integers(0, 36 * HOUR, len(due))
    arrived = np.where(hit, np.maximum(parcels.delivered, late), parcels.delivered)
    delivered = orders.delivered.copy()
    np.maximum.at(delivered, parcels.order[hit], arrived[hit])
    changed = replace(shop, parcels=replace(parcels, delivered=arrived), orders=replace(orders, delivered=delivered))
    return changed, Turn("lateness", "carrier", CARRIERS[CARRIER][0], first)


def _bad_goods(shop: Shop, rng: np.random.Generator) -> tuple[Shop, Turn]:
    """Most reviews of half of the categories, those that most is said of, give one or two stars."""
    first = shop.window.last - QUALITY_DAYS
    reviews = shop.reviews
    category = reviews.product // IN_CATEGORY
    said = np.bincount(category, minlength=len(CATEGORIES))
    worst = np.argsort(-said, kind="stable")[: len(CATEGORIES) // 2]
    hit = np.isin(category, worst) & (reviews.created // DAY >= first) & (rng.random(len(category)) < HIT_SHARE)
    return _with_low_stars(shop, hit, rng), Turn(
        "low_scores", "category", "|".join(CATEGORIES[n][0] for n in worst), first
    )


def _half_feed(shop: Shop, rng: np.random.Generator) -> tuple[Shop, Turn]:
    """Every second event of a visit does not reach the files."""
    first = shop.window.last - FEED_DAYS
    events = shop.behaviour
    lost = (events.occurred // DAY >= first) & (rng.random(len(events.occurred)) < 1 / 2)
    return replace(shop, behaviour=rows_of(events, np.flatnonzero(~lost))), Turn(
        "volume", "feed", "behaviour_events", first
    )
