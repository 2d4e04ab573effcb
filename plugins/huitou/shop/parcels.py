"""Parcels on their way, and goods on their way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, NEVER, Bools, Ints, pick, rows_of, stream
from huitou.shop.baskets import Lines
from huitou.shop.fulfilment import Orders
from huitou.shop.money import CALLED_OFF, PARTIAL, REASONS, Refunds
from huitou.shop.parameters import Parameters

# Carrier, weight among parcels in time and among late ones
CARRIERS = (("迅达速运", 0.40, 0.25), ("通远快递", 0.25, 0.25), ("云帆物流", 0.20, 0.15), ("安递", 0.15, 0.35))
RETURN_REASONS = ("配送超时", "七天无理由", "与描述不符", "质量问题", "尺码不合适", "运输破损")
_AS_RETURN = np.array([RETURN_REASONS.index(reason) if reason in RETURN_REASONS else NEVER for reason in REASONS])
DAMAGED_REASON = RETURN_REASONS.index("运输破损")
KINDS = ("退货", "换货")
REFUND, EXCHANGE = range(2)
REQUESTED, APPROVED, REJECTED, RECEIVED, COMPLETED = range(5)


@dataclass(frozen=True)
class Parcels:
    """Parcels by number. ``attempted``: a first try that failed, ``NEVER`` for most."""

    order: Ints
    carrier: Ints
    shipped: Ints
    attempted: Ints
    delivered: Ints


@dataclass(frozen=True)
class Returns:
    """Requests by number. ``line``: the one line that goes back, 0 where the whole order does.

    ``events``: (requests, 5), the instant of each state. ``refund``: the refund that follows, else ``NEVER``.
    """

    order: Ints
    line: Ints
    kind: Ints
    reason: Ints
    events: Ints
    refund: Ints
    draw: Ints


def dispatch(orders: Orders, lines: Lines, p: Parameters, seed: int) -> Parcels:
    """One parcel an order, two for some of several lines: the second comes with the order's delivery, one before."""
    rng = stream(seed, "parcels")
    count = len(orders.ordered)
    several = np.bincount(lines.order, minlength=count) > 1
    sent = np.flatnonzero(orders.shipped >= 0)
    split = sent[several[sent] & (rng.random(len(sent)) < p.split_share)]
    order = np.concatenate([sent, split])
    earlier = np.arange(len(order)) >= len(sent)
    way = orders.delivered[order] - orders.shipped[order]
    delivered = orders.delivered[order] - np.floor(earlier * rng.uniform(0.1, 0.5, len(order)) * way).astype(np.int64)
    late = delivered > orders.promised[order]
    weights = np.array([row[1:] for row in CARRIERS]).T
    carrier = np.where(late, pick(rng, weights[1], len(order)), pick(rng, weights[0], len(order)))
    tried = rng.random(len(order)) < np.where(late, p.late_attempted_share, p.attempted_share)
    attempted = delivered - rng.integers(12 * HOUR, 30 * HOUR, len(order))
    tried &= attempted > orders.shipped[order] + HOUR
    place = np.lexsort((order, orders.shipped[order]))
    parcels = Parcels(order, carrier, orders.shipped[order], np.where(tried, attempted, NEVER), delivered)
    return rows_of(parcels, place)


def send_back(orders: Orders, lines: Lines, refunds: Refunds, p: Parameters, seed: int) -> Returns:
    """Requests that end in a refund, and beside them exchanges and requests that were turned down.

    Called-off orders never left, and a part that was missing or damaged needs not come back.
    """
    rng = stream(seed, "returns")
    theirs = np.flatnonzero(~np.isin(refunds.reason, (CALLED_OFF, PARTIAL)))
    free = orders.delivered >= 0
    free[refunds.order] = False
    lots = rng.random(len(free))
    exchanged = np.flatnonzero(free & (lots < p.exchange_share))
    limit = p.exchange_share + p.rejected_return_share
    rejected = np.flatnonzero(free & (lots >= p.exchange_share) & (lots < limit))
    others = np.concatenate([exchanged, rejected])
    waits = np.floor(rng.gamma(2.0, 3 * DAY, len(others))).astype(np.int64) + 6 * HOUR
    order = np.concatenate([refunds.order[theirs], others])
    refund = np.concatenate([theirs, np.full(len(others), NEVER)])
    end = np.concatenate([refunds.refunded[theirs], orders.delivered[others] + waits])
    why = np.concatenate([_AS_RETURN[refunds.reason[theirs]], rng.integers(1, 5, len(others))])
    turned_down = np.arange(len(order)) >= len(theirs) + len(exchanged)
    why = np.where(orders.damaged[order], DAMAGED_REASON, why)
    returns = Returns(
        order=order,
        line=np.where(refund >= 0, 0, 1),
        kind=np.where((refund < 0) & ~turned_down, EXCHANGE, REFUND),
        reason=why,
        events=_steps(rng, orders.delivered[order], end, turned_down),
        refund=refund,
        draw=rng.integers(0, 1 << 20, len(order)),
    )
    return rows_of(returns, np.argsort(returns.events[:, REQUESTED], kind="stable"))


def _steps(rng: np.random.Generator, start: Ints, end: Ints, turned_down: Bools) -> Ints:
    """Requested, approved or turned down, received and completed, in this order between ``start`` and ``end``."""
    moments = np.sort(rng.uniform(0.02, 0.95, (len(start), 3)), axis=1)
    at = start[:, None] + np.floor(moments * (end - start)[:, None]).astype(np.int64) + np.arange(3)
    nothing = np.full(len(start), NEVER)
    return np.stack(
        [
            at[:, 0],
            np.where(turned_down, nothing, at[:, 1]),
            np.where(turned_down, at[:, 1], nothing),
            np.where(turned_down, nothing, at[:, 2]),
            np.where(turned_down, nothing, end),
        ],
        axis=1,
    )


def returned_lines(returns: Returns, lines: Lines) -> tuple[Ints, Ints]:
    """(request, line) of every line that a request is about, by place."""
    each = np.bincount(lines.order, minlength=int(lines.order.max(initial=-1)) + 1)
    first = np.cumsum(each) - each
    order = returns.order
    count = np.where(returns.line > 0, 1, each[order])
    request = np.repeat(np.arange(len(order)), count)
    offset = np.arange(len(request)) - np.repeat(np.cumsum(count) - count, count)
    return request, first[order[request]] + offset
