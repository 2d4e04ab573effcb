"""What earns and costs points: purchases, reviews, shares, signing in, rewards, refunds and troubles."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from huitou.shop.arrays import DAY, HOUR, NEVER, Floats, Ints, rows_of, stream
from huitou.shop.baskets import Totals, in_yuan
from huitou.shop.browsing import SHARE, SIGN_IN, Behaviour
from huitou.shop.buying import Purchases
from huitou.shop.fulfilment import Orders
from huitou.shop.ledger import (
    GOODWILL,
    OPENING,
    PURCHASE,
    REVIEWED,
    REWARDS,
    SHARED,
    SIGNED,
    TAKEN_BACK,
    Points,
    Wishes,
    settle,
)
from huitou.shop.money import Refunds
from huitou.shop.opinions import Reviews
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers
from huitou.shop.season import Window
from huitou.shop.service import DAMAGED, LATE, Tickets


def keep_points(
    orders: Orders,
    totals: Totals,
    rates: Floats,
    refunds: Refunds,
    reviews: Reviews,
    tickets: Tickets,
    behaviour: Behaviour,
    purchases: Purchases,
    buyers: Buyers,
    window: Window,
    p: Parameters,
    seed: int,
) -> Points:
    """One point a yuan on delivery, some for reviews, shares, signing in and troubles; guests take no part."""
    rng = stream(seed, "points")
    yuan = in_yuan(totals.total, orders, rates, window) // 100
    back = np.minimum(in_yuan(refunds.cents, rows_of(orders, refunds.order), rates, window) // 100, yuan[refunds.order])
    arrived = np.flatnonzero(orders.delivered >= 0)
    troubled = np.flatnonzero(np.isin(tickets.cause, (LATE, DAMAGED)) & (tickets.draw % 100 < 100 * p.goodwill_share))
    told = reviews.order
    parts = [
        _opening(rng, purchases, buyers, window, p),
        _wish(orders.customer[arrived], orders.delivered[arrived] + HOUR, PURCHASE, yuan[arrived], arrived),
        _wish(orders.customer[told], reviews.created + 60, REVIEWED, p.review_points, told),
        _of_behaviour(behaviour, SIGN_IN, SIGNED, p.sign_in_points),
        _of_behaviour(behaviour, SHARE, SHARED, p.share_points),
        _spending(rng, orders, arrived, p),
        _wish(orders.customer[refunds.order], refunds.refunded + HOUR, TAKEN_BACK, back, refunds.order),
        _goodwill(orders, tickets, troubled, p),
    ]
    wishes = Wishes(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Wishes)))
    keep = ~buyers.guest[wishes.customer] & (wishes.points > 0) & (wishes.occurred < window.closes)
    return settle(rows_of(wishes, np.flatnonzero(keep)), window, p)


def _wish(customer: Ints, occurred: Ints, reason: int, points: Ints | int, order: Ints | int) -> Wishes:
    count = len(customer)
    return Wishes(
        customer, occurred, np.full(count, reason), np.broadcast_to(points, count), np.broadcast_to(order, count)
    )


def _opening(rng: np.random.Generator, purchases: Purchases, buyers: Buyers, window: Window, p: Parameters) -> Wishes:
    """What is left of the points of purchases in the year before the window."""
    lately = np.flatnonzero(purchases.past_ordered >= window.opens - p.points_days * DAY + DAY)
    customer = purchases.past_customer[lately]
    value = rng.gamma(p.p, 1.0, len(customer)) * buyers.spend[customer] / p.p
    left = np.where(rng.random(len(customer)) < p.carried_share, np.floor(value).astype(np.int64), 0)
    return _wish(customer, purchases.past_ordered[lately], OPENING, left, NEVER)


def _of_behaviour(behaviour: Behaviour, action: int, reason: int, points: int) -> Wishes:
    did = np.flatnonzero((behaviour.action == action) & behaviour.known)
    return _wish(behaviour.customer[did], behaviour.occurred[did] + 1, reason, points, NEVER)


def _spending(rng: np.random.Generator, orders: Orders, arrived: Ints, p: Parameters) -> Wishes:
    """Some time after a delivery some spend all full hundreds that they have; the ledger says how many."""
    chosen = arrived[rng.random(len(arrived)) < p.redeem_share]
    when = orders.delivered[chosen] + rng.integers(2 * HOUR, 40 * DAY, len(chosen))
    reason = np.array(REWARDS)[rng.integers(0, len(REWARDS), len(chosen))]
    return Wishes(orders.customer[chosen], when, reason, np.full(len(chosen), 1), np.full(len(chosen), NEVER))


def _goodwill(orders: Orders, tickets: Tickets, troubled: Ints, p: Parameters) -> Wishes:
    order = tickets.order[troubled]
    return _wish(orders.customer[order], tickets.resolved[troubled], GOODWILL, p.goodwill_points, order)
