"""Planted turns touch what they say and nothing else of the shop."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from huitou.shop.arrays import DAY
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.generate import generate
from huitou.shop.made import Shop
from huitou.shop.parcels import CARRIERS
from huitou.shop.turns import PRODUCTS, TURNS, Planted, take_turns
from huitou.shop.words import CATEGORIES

UNTIL = date(2026, 9, 20)


@pytest.fixture(scope="module")
def turned(large: Shop) -> tuple[Shop, Planted]:
    return take_turns(large, 11)


def test_the_carrier_is_late_from_its_day_and_the_others_are_as_they_were(
    large: Shop, turned: tuple[Shop, Planted]
) -> None:
    shop, planted = turned
    turn = planted.turns[0]
    due = large.orders.promised[large.parcels.order]
    late = shop.parcels.delivered > due
    theirs = (large.parcels.carrier == [name for name, *_ in CARRIERS].index(turn.name)) & (
        due // DAY >= turn.first_day
    )
    assert theirs.sum() > 50
    assert 0.8 < late[theirs].mean() < 0.95
    assert (shop.parcels.delivered == large.parcels.delivered)[~theirs].all()
    whole = np.zeros(len(shop.orders.ordered), dtype=np.int64)
    np.maximum.at(whole, shop.parcels.order, shop.parcels.delivered)
    assert (shop.orders.delivered == whole)[shop.orders.shipped >= 0].all()


def test_reviews_turn_low_where_the_truth_says(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop, planted = turned
    turn = planted.turns[1]
    names = np.array([category[0] for category in CATEGORIES])[large.reviews.product // IN_CATEGORY]
    hit = np.isin(names, turn.name.split("|")) & (large.reviews.created // DAY >= turn.first_day)
    lemon = np.isin(large.reviews.product, planted.lemons)
    assert (shop.reviews.stars[hit] <= 2).mean() > 0.8
    assert (shop.reviews.stars[lemon] <= 2).mean() > 0.8
    assert (shop.reviews.stars == large.reviews.stars)[~hit & ~lemon].all()


def test_half_of_the_events_are_missing_from_its_day(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop, planted = turned
    first = planted.turns[2].first_day
    before, after = (
        (int((events // DAY < first).sum()), int((events // DAY >= first).sum()))
        for events in (large.behaviour.occurred, shop.behaviour.occurred)
    )
    assert after[0] == before[0]
    assert after[1] == pytest.approx(before[1] / 2, rel=0.1)


def test_everything_else_is_the_quiet_shop_s(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop = turned[0]
    for part in ("lines", "payments", "refunds", "tickets", "returns", "points", "receipts", "purchases", "surveys"):
        assert getattr(shop, part) is getattr(large, part), part


def test_truth_names_the_turns_and_a_quiet_shop_has_none(tmp_path: Path) -> None:
    for turns, expected in ((True, 3), (False, 0)):
        folder = tmp_path / str(turns)
        generate(folder, 300, 40, 5, UNTIL, turns=turns)
        told = list(csv.DictReader((folder / "truth" / TURNS).open(encoding="utf-8")))
        goods = list(csv.DictReader((folder / "truth" / PRODUCTS).open(encoding="utf-8")))
        assert len(told) == expected
        assert sum(row["lemon"] == "true" for row in goods) == (5 if turns else 0)
        assert [row["first_day"] for row in told] == [
            (UNTIL - timedelta(days=days)).isoformat() for days in (20, 13, 6)[: len(told)]
        ]
