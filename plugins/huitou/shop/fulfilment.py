"""What becomes of an order: channel, payment, dispatch, promise, delivery or cancellation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, MINUTE, NEVER, Bools, Floats, Ints, stream
from huitou.shop.buying import Purchases
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers, People, delivery_days
from huitou.shop.season import Season

PLACED, PAID, SHIPPED, DELIVERED, CANCELLED = range(5)
NOT_YET = 1 << 60


@dataclass(frozen=True)
class Orders:
    """Orders by number, in the order of their instants. Instants may be ``NEVER``.

    ``damaged``: the goods suffered on the way. ``known``: the night in whose files the shop's system first has the order, as a night number; it is later than
    the order's own for the planted late ones.
    """

    customer: Ints
    ordered: Ints
    store: Bools
    currency: Ints
    paid: Ints
    shipped: Ints
    promised: Ints
    delivered: Ints
    cancelled: Ints
    damaged: Bools
    known: Ints

    @property
    def late(self) -> Bools:
        """Delivered after the promise."""
        return (self.promised >= 0) & (self.delivered > self.promised)

    @property
    def events(self) -> Ints:
        """(orders, 5): the instant of each status, in the order of the status codes."""
        return np.stack([self.ordered, self.paid, self.shipped, self.delivered, self.cancelled], axis=1)


def fulfil(purchases: Purchases, buyers: Buyers, people: People, season: Season, p: Parameters, seed: int) -> Orders:
    """The way of every order, also past the window's end: the files show only what had happened by their night."""
    rng = stream(seed, "fulfilment")
    who, ordered = purchases.customer, purchases.ordered
    count = len(ordered)
    store = rng.random(count) < buyers.store_share[who]
    unpaid = ~store & (rng.random(count) < p.unpaid_share)
    called_off = ~store & ~unpaid & (rng.random(count) < p.cancelled_share)
    patience = np.where(rng.random(count) < 0.9, 15 * MINUTE, 20 * HOUR)
    paid = ordered + 20 + _up_to(rng, np.where(store, 4 * MINUTE, patience))
    shipped = paid + 4 * HOUR + _up_to(rng, np.full(count, 32 * HOUR))
    promise_days = 3 + delivery_days(people.city[who])
    promised = (ordered // DAY + promise_days) * DAY + 22 * HOUR
    delivered = _deliveries(rng, shipped, promised, season.after_promotion(ordered), p)
    cancelled = np.where(
        unpaid,
        ordered + HOUR + _up_to(rng, np.full(count, 23 * HOUR)),
        np.where(called_off, paid + 10 * MINUTE + _up_to(rng, np.full(count, 3 * HOUR)), NEVER),
    )
    parcel = ~store & ~unpaid & ~called_off
    return Orders(
        customer=who,
        ordered=ordered,
        store=store,
        currency=buyers.currency[who],
        paid=np.where(unpaid, NEVER, paid),
        shipped=np.where(parcel, shipped, NEVER),
        promised=np.where(store, NEVER, promised),
        delivered=np.where(store, paid + 1, np.where(parcel, delivered, NEVER)),
        cancelled=cancelled,
        damaged=parcel & (stream(seed, "damage").random(count) < p.damaged_share),
        known=_known(rng, season.window.night_of(ordered), season.window.nights - 1, p),
    )


def _up_to(rng: np.random.Generator, most: Ints) -> Ints:
    """Whole seconds, evenly between 0 and ``most``."""
    return np.floor(rng.random(len(most)) * most).astype(np.int64)


def _deliveries(rng: np.random.Generator, shipped: Ints, promised: Ints, crowded: Bools, p: Parameters) -> Ints:
    """In time: a Beta(3, 2) share of the way from dispatch to promise. Late: exponential days after it."""
    count = len(shipped)
    late = rng.random(count) < p.late_share + np.where(crowded, p.late_after_promo, 0.0)
    room = np.maximum(promised - shipped - 2 * HOUR, 0)
    in_time = shipped + 2 * HOUR + np.floor(rng.beta(3, 2, count) * room).astype(np.int64)
    overdue = HOUR + np.floor(rng.exponential(p.late_days, count) * DAY).astype(np.int64)
    # A dispatch so late that the promise had already gone is late as well.
    return np.where(late, np.maximum(promised, shipped) + overdue, in_time)


def _known(rng: np.random.Generator, night: Ints, last: int, p: Parameters) -> Ints:
    """A few orders reach the files 1 to ``late_row_days`` nights late, never after the last night."""
    able = rng.permutation(np.flatnonzero(night < last))
    least = min(3, len(able) // 20)
    chosen = able[: max(least, round(p.late_row_share * len(night)))]
    late_by = rng.integers(1, p.late_row_days + 1, len(chosen))
    known = night.copy()
    known[chosen] = np.minimum(night[chosen] + late_by, last)
    return known


def anger(orders: Orders, p: Parameters, seed: int) -> Ints:
    """Per order, the instant from which its customer buys no more because it came late; else ``NOT_YET``."""
    draws: Floats = stream(seed, "anger").random(len(orders.ordered))
    return np.where(orders.late & (draws < p.late_quit_share), orders.delivered, NOT_YET)
