"""Turns for the worse that add: more complaints, more goods that come back. What is added is numbered on from the rest."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from huitou.shop.arrays import DAY, HOUR, MINUTE, NEVER, Ints, Records
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.made import Shop
from huitou.shop.parcels import EXCHANGE, REQUESTED, RETURN_REASONS, Returns, returned_lines
from huitou.shop.service import DAMAGED, LATE, Tickets
from huitou.shop.turn_kinds import Turn, Turned
from huitou.shop.words import CATEGORIES

COMPLAINT_DAYS, RETURN_DAYS = 16, 9  # before the window's last
TIMES = 12
USUAL_DAYS, POOL_DAYS = 56, 14


def risen_complaints(shop: Shop, rng: np.random.Generator) -> Turned:
    """Complaints about damaged goods come to twelve times as many as usual; each is settled as most are."""
    first = shop.window.last - COMPLAINT_DAYS
    tickets = shop.tickets
    complaint = np.isin(tickets.cause, (LATE, DAMAGED))
    opened = np.where(tickets.cause == DAMAGED, tickets.opened // DAY, NEVER)
    day, order = _more(rng, opened, shop.orders.delivered // DAY, tickets.order[complaint], first, shop.window.last)
    events = np.full((len(order), tickets.events.shape[1]), NEVER)
    start = day * DAY + rng.integers(9 * HOUR, 20 * HOUR, len(order))
    events[:, [0, 1, 4, 7]] = start[:, None] + np.array([0, 35 * MINUTE, 14 * HOUR, 14 * HOUR + 3 * DAY])
    more = Tickets(
        order=order,
        cause=np.full(len(order), DAMAGED),
        events=events,
        rating=np.full(len(order), NEVER),
        leaves=np.zeros(len(order), dtype=bool),
        draw=rng.integers(0, 1 << 20, len(order)),
    )
    return replace(shop, tickets=_joined(tickets, more)), [
        Turn("complaints", "class", "product", first, shop.window.last)
    ]


def sent_back(shop: Shop, rng: np.random.Generator) -> Turned:
    """Of the category that most is sold of twelve times as much as usual is sent back, all for another piece."""
    first = shop.window.last - RETURN_DAYS
    returns = shop.returns
    goods = shop.lines.product[shop.lines.number == 1] // IN_CATEGORY
    category = int(np.bincount(goods, minlength=len(CATEGORIES)).argmax())
    request, line = returned_lines(returns, shop.lines)
    of_category = shop.lines.product[line] // IN_CATEGORY == category
    requested = returns.events[request[of_category], REQUESTED] // DAY
    delivered = np.where(goods == category, shop.orders.delivered // DAY, NEVER)
    day, order = _more(rng, requested, delivered, returns.order, first, shop.window.last)
    start = day * DAY + rng.integers(9 * HOUR, 20 * HOUR, len(order))
    events = start[:, None] + np.array([0, 1, 0, 4, 5]) * DAY
    events[:, 2] = NEVER
    more = Returns(
        order=order,
        line=np.ones(len(order), dtype=np.int64),
        kind=np.full(len(order), EXCHANGE),
        reason=np.full(len(order), RETURN_REASONS.index("质量问题")),
        events=events,
        refund=np.full(len(order), NEVER),
        draw=rng.integers(0, 1 << 20, len(order)),
    )
    return replace(shop, returns=_joined(returns, more)), [
        Turn("returns", "category", CATEGORIES[category][0], first, shop.window.last)
    ]


def _more(
    rng: np.random.Generator, happened: Ints, delivered: Ints, taken: Ints, first: int, last: int
) -> tuple[Ints, Ints]:
    """(day, order) of what comes more from ``first`` on, so that there is ``TIMES`` as much as in the weeks before.

    ``happened``: the day of each time that it happened so far. Orders are drawn from those ``delivered``, a day each, in the
    two weeks before and not ``taken``.
    """
    usual = np.sum((first - USUAL_DAYS <= happened) & (happened < first)) / USUAL_DAYS
    free = delivered >= 0
    free[taken] = False
    days, orders = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for day in range(first, last + 1):
        pool = np.flatnonzero(free & (day - POOL_DAYS <= delivered) & (delivered < day))
        chosen = rng.permutation(pool)[: rng.poisson((TIMES - 1) * usual)]
        free[chosen] = False
        days.append(np.full(len(chosen), day))
        orders.append(chosen)
    return np.concatenate(days), np.concatenate(orders)


def _joined(ones: Records, more: Records) -> Records:
    """Those of ``more`` after ``ones``, so that all keep their numbers."""
    names = [field.name for field in fields(ones)]  # type: ignore[arg-type]
    both = {name: np.concatenate([getattr(ones, name), getattr(more, name)]) for name in names}
    return replace(ones, **both)  # type: ignore[type-var]
