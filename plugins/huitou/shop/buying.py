"""When customers buy: the BG/NBD process of Fader, Hardie and Lee (2005), run in customer time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from huitou.shop.arrays import NEVER, Bools, Floats, Ints, stream
from huitou.shop.people import Buyers
from huitou.shop.season import Season


@dataclass(frozen=True)
class Purchases:
    """Orders within the window by instant: who and when. ``lost``: customers who dropped out, all told.

    ``last``: each customer's last purchase up to the window's end, ``NEVER`` where there was none. ``past_*``: what
    was bought before the window, of which the shop's files tell nothing.
    """

    customer: Ints
    ordered: Ints
    lost: Bools
    last: Ints
    past_customer: Ints
    past_ordered: Ints


def buy(buyers: Buyers, season: Season, seed: int) -> Purchases:
    """Run every customer from the first purchase to drop-out or the window's end.

    The first purchase is at ``buyers.first``; the time to the next is exponential with the customer's rate; after
    each repeat purchase the customer is lost with the customer's drop-out probability.
    """
    rng = stream(seed, "buying")
    who = np.flatnonzero(buyers.first < season.closes)
    now = buyers.first[who]
    lost = np.zeros(len(buyers.first), dtype=bool)
    customers: list[Ints] = []
    moments: list[Floats] = []
    while len(who):
        customers.append(who)
        moments.append(now)
        now = now + rng.exponential(1.0, len(who)) / buyers.rate[who]
        buys = now < season.closes
        who, now = who[buys], now[buys]
        quits = rng.random(len(who)) < buyers.dropout[who]
        customers.append(who[quits])
        moments.append(now[quits])
        lost[who[quits]] = True
        who, now = who[~quits], now[~quits]
    customer = np.concatenate([np.zeros(0, dtype=np.int64), *customers])
    ordered = season.instants(np.concatenate([np.zeros(0), *moments]))
    last = np.full(len(buyers.first), NEVER)
    np.maximum.at(last, customer, ordered)
    inside = np.flatnonzero((ordered >= season.window.opens) & (ordered < season.window.closes))
    inside = inside[np.lexsort((customer[inside], ordered[inside]))]
    past = np.flatnonzero(ordered < season.window.opens)
    return Purchases(customer[inside], ordered[inside], lost, last, customer[past], ordered[past])


def quit_after(purchases: Purchases, angry_from: Ints, never: int) -> tuple[Purchases, Ints]:
    """Drop what customers would have bought after something drove them away.

    ``angry_from``: per order, the instant from which its customer buys no more, ``never`` for most orders. Returns
    the purchases that remain and their places among those given.
    """
    ends = np.full(len(purchases.last), never)
    np.minimum.at(ends, purchases.customer, angry_from)
    kept = np.flatnonzero(purchases.ordered <= ends[purchases.customer])
    customer, ordered = purchases.customer[kept], purchases.ordered[kept]
    gone = ends < never
    last = purchases.last.copy()
    last[gone] = NEVER
    np.maximum.at(last, customer, ordered)
    left = replace(purchases, customer=customer, ordered=ordered, lost=purchases.lost | gone, last=last)
    return left, kept
