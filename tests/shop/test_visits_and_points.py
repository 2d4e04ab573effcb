"""Visits, the points ledger and the shop's own messages, as docs/demo-shop.md promises them."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.shop.arrays import DAY, NEVER
from huitou.shop.baskets import in_yuan
from huitou.shop.browsing import CART_ADD, SEARCH, SIGN_IN, VIEW
from huitou.shop.consent import EMAIL, SMS
from huitou.shop.generate import ShopSummary
from huitou.shop.ledger import EARN, EXPIRE, EXPIRED, GIFT, PURCHASE, REDEEM, SIGNED, TAKEN_BACK, Wishes, settle
from huitou.shop.made import Shop
from huitou.shop.mailings import CLICKED, DELIVERED, UNDELIVERED, UNSUBSCRIBED
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.shop.shop_feeds import shop_feeds

P = Parameters()
MONTH = 30 * DAY


def test_carts_hold_what_is_then_ordered(large: Shop) -> None:
    did, lines, orders = large.behaviour, large.lines, large.orders
    carted = (did.action == CART_ADD) & (did.order >= 0)
    assert (did.occurred[carted] < orders.ordered[did.order[carted]]).all()
    assert (did.customer[carted] == orders.customer[did.order[carted]]).all()
    inside = orders.ordered >= large.window.opens + DAY
    online = inside & ~orders.store
    put = sorted(zip(did.order[carted].tolist(), did.what[carted].tolist(), strict=True))
    bought = sorted(zip(lines.order.tolist(), lines.product.tolist(), strict=True))
    assert [pair for pair in put if online[pair[0]]] == [pair for pair in bought if online[pair[0]]]


def test_an_active_customer_has_some_twenty_events_a_month(large: Shop) -> None:
    did, orders = large.behaviour, large.orders
    months = (orders.ordered - large.window.opens) // MONTH
    active = len(np.unique(orders.customer * 1000 + months))
    assert 14 < len(did.occurred) / active < 24


def test_nobody_visits_before_registering_or_once_lost(large: Shop) -> None:
    did, buyers, purchases = large.behaviour, large.buyers, large.purchases
    before = did.occurred < buyers.registered[did.customer]
    assert not did.known[before].any()
    assert (did.order[before] >= 0).all()
    lost = purchases.lost[did.customer]
    assert (did.occurred[lost] <= purchases.last[did.customer[lost]] + DAY).all()
    assert (np.diff(did.occurred) >= 0).all()


def test_events_are_about_products_on_sale(large: Shop) -> None:
    did = large.behaviour
    viewed = np.isin(did.action, (VIEW, CART_ADD))
    assert (large.catalogue.released[did.what[viewed]] <= did.occurred[viewed] + DAY).all()
    assert len(np.unique(did.what[did.action == SEARCH])) > 60
    assert (did.what[did.action == SIGN_IN] == NEVER).all()


def test_members_sign_in_once_a_day_at_most(large: Shop) -> None:
    did = large.behaviour
    signs = did.action == SIGN_IN
    days = did.customer[signs] * 100_000 + did.occurred[signs] // DAY
    assert signs.sum() > 1000
    assert len(np.unique(days)) == signs.sum()
    assert did.known[signs].all()
    assert not large.buyers.guest[did.customer[signs]].any()


def test_strangers_bear_no_number(large: Shop) -> None:
    feed = next(feed for feed in shop_feeds(large) if feed.name == "behaviour_events")
    members = feed.columns(np.arange(5000))["member_no"].to_pylist()
    assert [member is not None for member in members] == large.behaviour.known[:5000].tolist()
    assert 0.08 < 1 - large.behaviour.known.mean() < 0.25


def test_no_lot_is_ever_overdrawn_or_spent_after_it_expired(large: Shop) -> None:
    points = large.points
    left: dict[int, int] = {}
    owner, until = points.customer[points.lot], points.expires[points.lot]
    assert (owner == points.customer).all()
    for number, (lot, change) in enumerate(zip(points.lot.tolist(), points.points.tolist(), strict=True)):
        left[lot] = left.get(lot, 0) + change
        assert left[lot] >= 0
        assert lot == number or change < 0
    draws = points.points < 0
    assert (points.occurred[draws] <= until[draws]).all()


def test_lots_expire_after_a_year_with_what_is_left(large: Shop) -> None:
    points = large.points
    lots = np.flatnonzero(points.points > 0)
    assert (points.expires[lots] == points.occurred[lots] + P.points_days * DAY).all()
    left = np.bincount(points.lot, points.points, len(points.lot))
    over = points.expires[lots] < large.window.closes
    assert (left[lots[over]] == 0).all()
    expired = points.reason == EXPIRED
    assert expired.sum() > 1000
    assert (points.occurred[expired] == points.expires[points.lot[expired]]).all()


def test_a_yuan_earns_a_point_when_the_order_has_come(large: Shop) -> None:
    points, orders = large.points, large.orders
    mine = points.reason == PURCHASE
    yuan = in_yuan(large.totals.total, orders, large.rates, large.window) // 100
    assert (points.points[mine] == yuan[points.order[mine]]).all()
    assert (points.occurred[mine] > orders.delivered[points.order[mine]]).all()
    able = (orders.delivered >= 0) & (orders.delivered < large.window.closes - DAY) & (yuan > 0)
    able &= ~large.buyers.guest[orders.customer]
    assert np.isin(np.flatnonzero(able), points.order[mine]).all()
    assert not large.buyers.guest[points.customer].any()


def test_refunded_orders_give_their_points_back_as_far_as_there_are_any(large: Shop) -> None:
    points = large.points
    back = points.reason == TAKEN_BACK
    assert back.sum() > 300
    taken: dict[int, int] = defaultdict(int)
    for order, change in zip(points.order[back].tolist(), points.points[back].tolist(), strict=True):
        taken[order] -= change
    refunded = dict(zip(large.refunds.order.tolist(), refunded_yuan(large).tolist(), strict=True))
    assert all(0 < total <= refunded[order] for order, total in taken.items())


def refunded_yuan(shop: Shop) -> np.ndarray:
    night = shop.orders.ordered[shop.refunds.order] // DAY - shop.window.first
    rate = shop.rates[night, shop.orders.currency[shop.refunds.order]]
    return np.round(shop.refunds.cents * rate).astype(np.int64) // 100


def test_rewards_are_spent_in_hundreds_from_the_oldest_lots() -> None:
    window = Window.ending(date(2026, 11, 20), 400)
    day = window.opens
    wishes = [
        (1, day, PURCHASE, 250, 10),
        (1, day + 10, PURCHASE, 180, 11),
        (1, day + 20, GIFT, 1, NEVER),  # a gift: 400 of the 430
        (1, day + 30, TAKEN_BACK, 180, 11),  # only 30 are left of it
        (2, day + 40, PURCHASE, 299, 12),
        (2, day + 50, GIFT, 1, NEVER),  # too few for a reward
    ]
    points = settle(Wishes(*(np.array(column) for column in zip(*wishes, strict=True))), window, P)
    rows = list(zip(points.customer, points.lot, points.reason, points.points, strict=True))
    assert [tuple(map(int, row)) for row in rows] == [
        (1, 0, PURCHASE, 250),
        (1, 1, PURCHASE, 180),
        (1, 0, GIFT, -250),
        (1, 1, GIFT, -150),
        (1, 1, TAKEN_BACK, -30),
        (2, 5, PURCHASE, 299),
        (2, 5, EXPIRED, -299),
    ]
    assert points.type.tolist() == [EARN, EARN, REDEEM, REDEEM, 3, EARN, EXPIRE]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.integers(-400, 399),
            st.sampled_from([PURCHASE, SIGNED, GIFT, TAKEN_BACK]),
            st.integers(1, 600),
            st.integers(0, 5),
        ),
        max_size=40,
    )
)
def test_any_wishes_leave_a_ledger_that_balances(wishes: list[tuple[int, int, int, int, int]]) -> None:
    window = Window.ending(date(2026, 11, 20), 400)
    columns = np.array(wishes, dtype=np.int64).reshape(-1, 5).T
    columns[1] = window.opens + columns[1] * DAY
    points = settle(Wishes(*columns), window, P)
    assert (points.points != 0).all()
    assert (np.diff(points.occurred) >= 0).all()
    left: dict[int, int] = defaultdict(int)
    for lot, change in zip(points.lot.tolist(), points.points.tolist(), strict=True):
        left[lot] += change
        assert left[lot] >= 0
    for number, reason in enumerate(points.reason.tolist()):
        makes = reason in (PURCHASE, SIGNED)
        assert makes == (points.points[number] > 0) == (points.lot[number] == number)
    earned = columns[3][np.isin(columns[2], (PURCHASE, SIGNED))].sum()
    assert points.points[points.points > 0].sum() == earned
    gifts = points.reason == GIFT
    spent = np.unique(points.customer[gifts] * 10**12 + points.occurred[gifts], return_inverse=True)[1]
    assert all(total % 100 == 0 for total in np.bincount(spent, points.points[gifts]))


def test_balances_of_the_truth_are_the_sums_of_what_was_sent(
    small: ShopSummary, truth: Callable[[str], list[dict[str, str]]], drop: Callable[[str, str], dict[int, dict]]
) -> None:
    lost = {row["key"] for row in truth("bad_rows.csv") if row["file"] == "points_events.csv.gz"}
    sent: dict[str, dict[str, int]] = defaultdict(dict)
    for night in sorted(path.name for path in (small.folder / "drops").iterdir()):
        for row in drop(night, "points_events.csv.gz").values():
            if row["posting_no"] not in lost:
                sent[row["member_no"]][row["posting_no"]] = int(row["points"])
    spoilt = lost_owners(small, lost)
    checked = 0
    for row in truth("points.csv"):
        parts = [int(row[name]) for name in ("earned", "redeemed", "expired", "adjusted")]
        assert sum(parts) == int(row["balance"]) >= 0
        if row["customer_id"] not in spoilt:
            assert sum(sent[row["customer_id"]].values()) == int(row["balance"])
            checked += 1
    assert checked > 100


def lost_owners(small: ShopSummary, postings: set[str]) -> set[str | None]:
    owners: set[str | None] = set()
    for path in (small.folder / "drops").glob("*/points_events.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            owners |= {row["member_no"] for row in csv.DictReader(file) if row["posting_no"] in postings}
    return owners


def test_messages_go_to_those_who_agree_at_the_time(large: Shop) -> None:
    receipts, consents = large.receipts, large.consents
    spans: dict[tuple[int, int], list[int]] = {}
    for customer, channel, yes, when in zip(
        *(getattr(consents, name).tolist() for name in ("customer", "channel", "yes", "occurred")), strict=True
    ):
        spans.setdefault((customer, channel), [0, 1 << 60])[0 if yes else 1] = when
    told = receipts.report == DELIVERED
    assert told.sum() > 5000
    for customer, channel, when in zip(
        *(getattr(receipts, name)[told].tolist() for name in ("customer", "channel", "occurred")), strict=True
    ):
        since, until = spans[customer, channel]
        assert since < when < until + DAY
    assert set(receipts.channel) == {SMS, EMAIL}


def test_dead_addresses_get_nothing_and_nobody_clicks_what_never_came(large: Shop) -> None:
    receipts = large.receipts
    by = {
        report: set(receipts.message[receipts.report == report])
        for report in (DELIVERED, UNDELIVERED, CLICKED, UNSUBSCRIBED)
    }
    assert not by[DELIVERED] & by[UNDELIVERED]
    assert by[CLICKED] <= by[DELIVERED]
    assert by[UNSUBSCRIBED] <= by[DELIVERED]
    assert (receipts.report[receipts.dead] == UNDELIVERED).all()
    mail = receipts.channel == EMAIL
    clicks = {
        name: np.isin(receipts.message[mine & (receipts.report == DELIVERED)], list(by[CLICKED])).mean()
        for name, mine in (("sms", ~mail), ("email", mail))
    }
    assert clicks == pytest.approx({"sms": P.click_shares[SMS], "email": P.click_shares[EMAIL]}, abs=0.015)


def test_who_unsubscribes_takes_the_consent_back(large: Shop) -> None:
    receipts, consents = large.receipts, large.consents
    left = receipts.report == UNSUBSCRIBED
    out = ~consents.yes
    words = set(zip(consents.customer[out], consents.channel[out], consents.occurred[out], strict=True))
    unsubscribed = set(zip(receipts.customer[left], receipts.channel[left], receipts.occurred[left], strict=True))
    assert len(unsubscribed) > 5
    assert unsubscribed <= words
