"""The support desk: who opens a case and why, how long it takes, and whom a slow one drives away."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from huitou.shop.arrays import DAY, HOUR, MINUTE, NEVER, Bools, Ints, rows_of, stream
from huitou.shop.fulfilment import NOT_YET, Orders
from huitou.shop.parameters import Parameters

CAUSES = ("late", "damaged", "question", "repair")
LATE, DAMAGED, QUESTION, REPAIR = range(len(CAUSES))
OPENED, REPLIED, WAITING, ANSWERED, RESOLVED, REOPENED, RESOLVED_AGAIN, CLOSED = range(8)
MORNING, DESK_OPENS = 7 * HOUR, 9 * HOUR


@dataclass(frozen=True)
class Tickets:
    """Cases in the order of their opening.

    ``cause``: a place in ``CAUSES``. ``events``: (cases, 8), the instant of each step, ``NEVER`` for one that did
    not come. ``rating``: 1 to 5, ``NEVER`` where the customer gave none. ``leaves``: the case drives its customer
    away. ``draw`` chooses words, channel and urgency.
    """

    order: Ints
    cause: Ints
    events: Ints
    rating: Ints
    leaves: Bools
    draw: Ints

    @property
    def opened(self) -> Ints:
        opened: Ints = self.events[:, OPENED]
        return opened

    @property
    def resolved(self) -> Ints:
        """When the case was resolved for good."""
        last: Ints = np.maximum(self.events[:, RESOLVED], self.events[:, RESOLVED_AGAIN])
        return last

    @property
    def seconds(self) -> Ints:
        """From the opening to the resolution for good."""
        took: Ints = self.resolved - self.opened
        return took


def complain(orders: Orders, p: Parameters, seed: int) -> Tickets:
    """Cases of all orders. A late order may have one as a late order and another as a damaged one."""
    rng = stream(seed, "tickets")
    count = len(orders.ordered)
    arrived = orders.delivered >= 0
    waited = np.floor(rng.uniform(0.1, 1.0, count) * (orders.delivered - orders.promised + DAY)).astype(np.int64)
    causes = (
        (orders.late, p.late_ticket_share, orders.promised + waited),
        (orders.damaged, p.damaged_ticket_share, orders.delivered + _between(rng, HOUR, 3 * DAY, count)),
        (np.ones(count, dtype=bool), p.question_share, orders.ordered + _between(rng, 5 * MINUTE, 2 * DAY, count)),
        (arrived, p.repair_share, orders.delivered + _between(rng, 20 * DAY, 150 * DAY, count)),
    )
    order, cause, opened = [], [], []
    for number, (may, share, when) in enumerate(causes):
        chosen = np.flatnonzero(may & (rng.random(count) < share))
        order.append(chosen)
        cause.append(np.full(len(chosen), number))
        opened.append(when[chosen])
    tickets = _work(rng, np.concatenate(order), np.concatenate(cause), np.concatenate(opened), p)
    return rows_of(tickets, np.argsort(tickets.opened, kind="stable"))


def disappointed(orders: Orders, tickets: Tickets, p: Parameters) -> Ints:
    """Per order, the instant from which its customer buys no more because the desk took so long; else ``NOT_YET``."""
    since = np.full(len(orders.ordered), NOT_YET)
    leaves = tickets.leaves
    np.minimum.at(since, tickets.order[leaves], tickets.opened[leaves] + p.slow_hours * HOUR)
    return since


def of_kept_orders(tickets: Tickets, kept: Ints, orders: int) -> Tickets:
    """The cases of the orders that remain, which ``kept`` names by their old numbers."""
    place = np.full(orders, NEVER)
    place[kept] = np.arange(len(kept))
    remain = rows_of(tickets, np.flatnonzero(place[tickets.order] >= 0))
    return replace(remain, order=place[remain.order])


def _between(rng: np.random.Generator, least: int, most: int, count: int) -> Ints:
    return rng.integers(least, most, count)


def _work(rng: np.random.Generator, order: Ints, cause: Ints, opened: Ints, p: Parameters) -> Tickets:
    """The steps of each case. Replies come while the desk is open; resolution times are log-normal."""
    count = len(order)
    opened = _waits_for(rng, opened, MORNING, 2 * HOUR)
    replied = _waits_for(rng, opened + _lognormal(rng, p.reply_minutes * MINUTE, 1.0, count), DESK_OPENS, 45 * MINUTE)
    waits = rng.random(count) < p.waiting_share
    waiting = replied + _between(rng, 5 * MINUTE, HOUR, count)
    answered = waiting + _lognormal(rng, 5 * HOUR, 0.8, count)
    worked = _lognormal(rng, p.resolution_hours * HOUR, 1.2, count)
    resolved = np.where(waits, answered, replied) + worked
    reopens = rng.random(count) < p.reopened_share
    reopened = resolved + _between(rng, HOUR, 3 * DAY, count)
    again = reopened + _lognormal(rng, 20 * HOUR, 0.8, count)
    events = np.stack(
        [
            opened,
            replied,
            np.where(waits, waiting, NEVER),
            np.where(waits, answered, NEVER),
            resolved,
            np.where(reopens, reopened, NEVER),
            np.where(reopens, again, NEVER),
            np.where(reopens, again, resolved) + 3 * DAY,
        ],
        axis=1,
    )
    slow = np.where(reopens, again, resolved) - opened > p.slow_hours * HOUR
    felt = 4.4 - p.slow_rating_hurt * slow - 0.4 * reopens + rng.normal(0, 0.8, count)
    rating = np.clip(np.round(felt), 1, 5).astype(np.int64)
    return Tickets(
        order=order,
        cause=cause,
        events=events,
        rating=np.where(rng.random(count) < p.rated_share, rating, NEVER),
        leaves=slow & (rng.random(count) < p.slow_quit_share),
        draw=rng.integers(0, 1 << 20, count),
    )


def _lognormal(rng: np.random.Generator, median: float, spread: float, count: int) -> Ints:
    """Whole seconds, at least one."""
    return np.floor(rng.lognormal(np.log(median), spread, count)).astype(np.int64) + 1


def _waits_for(rng: np.random.Generator, instants: Ints, hour: int, spread: int) -> Ints:
    """What falls into the night waits for the morning's ``hour``, and then a little for its turn."""
    morning = instants // DAY * DAY + hour + _between(rng, 0, spread, len(instants))
    return np.where(instants % DAY < hour, morning, instants)


def urgency(tickets: Tickets) -> Ints:
    """0 urgent to 3 low: complaints come before questions."""
    complaint = np.isin(tickets.cause, (LATE, DAMAGED))
    lot = tickets.draw % 10
    return np.where(complaint, np.where(lot == 0, 0, 1), np.where(lot < 7, 2, 3))


def classes(tickets: Tickets) -> Ints:
    """What a case is about, as a place in the desk's list: goods, delivery, after-sale, payment, membership, site."""
    asked = pick_by(tickets.draw, (2, 3, 1, 1, 1, 1))
    known = np.array([1, 0, NEVER, 2])[tickets.cause]
    return np.where(tickets.cause == QUESTION, asked, known)


def pick_by(draw: Ints, weights: tuple[int, ...]) -> Ints:
    """A place in ``weights`` by a draw that is there already."""
    table = np.repeat(np.arange(len(weights)), weights)
    chosen: Ints = table[(draw // 16) % len(table)]
    return chosen
