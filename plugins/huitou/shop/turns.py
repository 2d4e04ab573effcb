"""Turns for the worse, planted into a shop that is already made: nothing is drawn that another part draws.

What followed from the things that a turn changes (who buys again, who complains) stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from huitou.shop.arrays import Ints, stream, text_code, text_day, text_id
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.drops import csv_bytes
from huitou.shop.feed import Feed
from huitou.shop.imperfections import Rows
from huitou.shop.made import Shop
from huitou.shop.turn_floods import risen_complaints, sent_back
from huitou.shop.turn_kinds import (
    HIT_SHARE,
    Turn,
    bad_goods,
    failing_checkout,
    half_feed,
    hundredfold_prices,
    late_carrier,
    missing_feed,
    with_low_stars,
)
from huitou.shop.words import CATEGORIES

TURNS, PRODUCTS = "turns.csv", "products.csv"
LEMONS = 5
# What each of the later ones finds is as the earlier ones left it.
KINDS = (
    late_carrier,
    bad_goods,
    half_feed,
    failing_checkout,
    sent_back,
    risen_complaints,
    missing_feed,
    hundredfold_prices,
)


@dataclass(frozen=True)
class Planted:
    """The turns, and the products that were bad all the time."""

    turns: list[Turn]
    lemons: Ints


QUIET = Planted([], np.array([], dtype=np.int64))


def take_turns(shop: Shop, seed: int) -> tuple[Shop, Planted]:
    """Some bad products all along; then one turn after another, in the last four weeks."""
    turns: list[Turn] = []
    shop, lemons = _lemons(shop, stream(seed, "turns: lemons"))
    for kind in KINDS:
        shop, told = kind(shop, stream(seed, f"turns: _{kind.__name__}"))
        turns += told
    return shop, Planted(turns, lemons)


def without_files(feed: Feed, rows: Rows, shop: Shop, planted: Planted) -> tuple[Rows, range]:
    """The rows of a feed and the nights in which it does not come; theirs are then sent the night after."""
    for turn in planted.turns:
        if turn.signal == "freshness" and turn.name == feed.name:
            absent = range(turn.first_day - shop.window.first, turn.last_day - shop.window.first + 1)
            late = np.isin(rows.night, absent)
            return replace(rows, night=np.where(late, absent.stop, rows.night)), absent
    return rows, range(0)


def write_turns(truth: Path, shop: Shop, planted: Planted) -> None:
    """``turns.csv``, nothing but its header in a quiet shop; and ``products.csv``, the true quality of all goods."""
    turns = planted.turns
    named = ("signal", "part", "name")
    columns = {name: pa.array([getattr(turn, name) for turn in turns], pa.string()) for name in named}
    days = {
        name: text_day(np.array([getattr(turn, name) for turn in turns], dtype=np.int64))
        for name in ("first_day", "last_day")
    }
    (truth / TURNS).write_bytes(csv_bytes({**columns, **days}))
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
    return with_low_stars(shop, hit, rng), lemons
