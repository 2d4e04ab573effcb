"""Planted turns touch what they say and nothing else of the shop."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from huitou.shop.arrays import DAY
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.generate import generate
from huitou.shop.made import Shop
from huitou.shop.parcels import CARRIERS
from huitou.shop.service import DAMAGED
from huitou.shop.shop_feeds import shop_feeds
from huitou.shop.turn_kinds import Turn
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
    failed = (shop.orders.paid != large.orders.paid)[large.parcels.order]
    theirs &= ~failed
    assert theirs.sum() > 50
    assert 0.8 < late[theirs].mean() < 0.95
    assert (shop.parcels.delivered == large.parcels.delivered)[~theirs & ~failed].all()
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


def test_a_failing_checkout_loses_online_orders_and_all_that_follows(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop, planted = turned
    turn = turn_of(planted, "orders")
    failed = shop.orders.paid != large.orders.paid
    day = large.orders.ordered // DAY
    open_to_it = ~large.orders.store & (large.orders.paid >= 0) & (turn.first_day <= day) & (day <= turn.last_day)
    assert turn.last_day - turn.first_day == 2
    assert not failed[~open_to_it].any()
    assert 0.75 < failed[open_to_it].mean() < 0.95
    assert (shop.orders.cancelled[failed] > shop.orders.ordered[failed]).all()
    for feed in shop_feeds(shop):
        if feed.name in ("payments", "refunds", "deliveries", "returns", "reviews", "survey_requests"):
            columns = feed.columns(np.arange(len(feed.night)))
            column = next(name for name in ("order_no", "订单号", "orderNo") if name in columns)
            orders = np.array([int(order[1:]) for order in columns[column].to_pylist()])
            assert len(orders) > 100
            assert not failed[orders].any(), feed.name


@pytest.mark.parametrize(("signal", "part"), [("returns", "returns"), ("complaints", "tickets")])
def test_more_comes_from_its_day_on_after_what_was_there(
    large: Shop, turned: tuple[Shop, Planted], signal: str, part: str
) -> None:
    shop, planted = turned
    turn = turn_of(planted, signal)
    before, after = getattr(large, part), getattr(shop, part)
    count = len(before.order)
    assert (after.order[:count] == before.order).all()
    added = after.events[count:, 0] // DAY
    assert len(added) > 30
    assert (turn.first_day <= added).all()
    assert (added <= turn.last_day).all()
    assert (shop.orders.delivered[after.order[count:]] < after.events[count:, 0]).all()
    assert not np.isin(
        after.order[count:], before.order[before.cause == DAMAGED] if part == "tickets" else before.order
    ).any()


def test_a_missing_feed_sends_its_rows_after_its_nights(tmp_path: Path) -> None:
    drops = {}
    for turns in (True, False):
        generate(tmp_path / str(turns), 300, 40, 5, UNTIL, turns=turns)
        files = sorted((tmp_path / str(turns) / "drops").glob("*/products.parquet"))
        drops[turns] = {file.parent.name: pq.read_table(file).num_rows for file in files}
    missing = [(UNTIL - timedelta(days=days)).isoformat() for days in (23, 22, 21)]
    after = (UNTIL - timedelta(days=20)).isoformat()
    assert sorted(drops[False].keys() - drops[True].keys()) == missing
    assert drops[True][after] == drops[False][after] + sum(drops[False][night] for night in missing)


def test_prices_of_a_category_are_a_hundredfold_on_its_days(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop, planted = turned
    turn = turn_of(planted, "sales")
    day = large.orders.ordered[large.lines.order] // DAY
    names = np.array([category[0] for category in CATEGORIES])[large.lines.product // IN_CATEGORY]
    hit = (names == turn.name) & (turn.first_day <= day) & (day <= turn.last_day)
    assert hit.sum() > 5
    assert turn.last_day - turn.first_day == 1
    assert (shop.lines.price == np.where(hit, 100 * large.lines.price, large.lines.price)).all()
    for part in ("order", "product", "quantity", "discount"):
        assert getattr(shop.lines, part) is getattr(large.lines, part), part


def turn_of(planted: Planted, signal: str) -> Turn:
    return next(turn for turn in planted.turns if turn.signal == signal)


def test_everything_else_is_the_quiet_shop_s(large: Shop, turned: tuple[Shop, Planted]) -> None:
    shop = turned[0]
    for part in ("totals", "points", "receipts", "purchases", "consents", "feelings"):
        assert getattr(shop, part) is getattr(large, part), part


def test_truth_names_the_turns_and_a_quiet_shop_has_none(tmp_path: Path) -> None:
    for turns, expected in ((True, 8), (False, 0)):
        folder = tmp_path / str(turns)
        generate(folder, 300, 40, 5, UNTIL, turns=turns)
        told = list(csv.DictReader((folder / "truth" / TURNS).open(encoding="utf-8")))
        goods = list(csv.DictReader((folder / "truth" / PRODUCTS).open(encoding="utf-8")))
        assert len(told) == expected
        assert sum(row["lemon"] == "true" for row in goods) == (5 if turns else 0)
        assert [row["first_day"] for row in told] == [
            (UNTIL - timedelta(days=days)).isoformat() for days in (20, 13, 6, 27, 9, 16, 23, 3)[: len(told)]
        ]
