"""Money that moves after an order: payments and refunds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, Floats, Ints, pick, stream
from huitou.shop.baskets import Lines, Totals
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.fulfilment import Orders
from huitou.shop.parameters import Parameters
from huitou.shop.words import CATEGORIES

# Method as the shop's systems name it, weight online and in the store
METHODS = (
    ("支付宝", 0.42, 0.30),
    ("微信支付", 0.40, 0.45),
    ("银联", 0.08, 0.10),
    ("信用卡", 0.07, 0.03),
    ("现金", 0.0, 0.12),
    ("礼品卡", 0.03, 0.0),
)
GIFT_CARD = 5
CALLED_OFF, LATE, PARTIAL = 0, 1, 2
REASONS = ("取消订单", "配送超时", "部分商品缺货或破损", "七天无理由", "与描述不符", "质量问题", "尺码不合适")


@dataclass(frozen=True)
class Payments:
    """Payments in the order of their orders; ``cents`` of the order's currency."""

    order: Ints
    number: Ints
    method: Ints
    cents: Ints
    paid: Ints


@dataclass(frozen=True)
class Refunds:
    """Refunds, at most one an order; ``reason`` is a place in ``REASONS``."""

    order: Ints
    refunded: Ints
    cents: Ints
    reason: Ints


def pay(orders: Orders, totals: Totals, p: Parameters, seed: int) -> Payments:
    """One payment of the total, or two where a gift card pays a part."""
    rng = stream(seed, "payments")
    paid = np.flatnonzero(orders.paid >= 0)
    weights = np.array([row[1:] for row in METHODS]).T
    method = np.where(orders.store[paid], pick(rng, weights[1], len(paid)), pick(rng, weights[0], len(paid)))
    card = np.floor(totals.total[paid] * rng.uniform(0.1, 0.5, len(paid)) / 100).astype(np.int64) * 100
    card[(rng.random(len(paid)) >= p.split_payment_share) | (method == GIFT_CARD)] = 0
    split = np.flatnonzero(card > 0)
    order = np.concatenate([paid, paid[split]])
    number = np.concatenate([np.ones(len(paid), dtype=np.int64), np.full(len(split), 2)])
    cents = np.concatenate([totals.total[paid] - card, card[split]])
    methods = np.concatenate([method, np.full(len(split), GIFT_CARD)])
    place = np.lexsort((number, order))
    order = order[place]
    return Payments(order, number[place], methods[place], cents[place], orders.paid[order])


def refund(orders: Orders, lines: Lines, totals: Totals, p: Parameters, seed: int) -> Refunds:
    """Called-off orders in full within two days; returns days after delivery, in full or of one line."""
    rng = stream(seed, "refunds")
    count = len(orders.ordered)
    first = np.flatnonzero(lines.number == 1)
    category = lines.product[first] // IN_CATEGORY
    likely = p.refund_share * np.array([row[4] for row in CATEGORIES])[category]
    likely = likely * np.where(orders.late, p.late_refund_factor, 1.0)
    likely = likely * np.where(orders.damaged, p.damaged_refund_factor, 1.0)
    called_off = (orders.cancelled >= 0) & (orders.paid >= 0)
    returned = (orders.delivered >= 0) & (rng.random(count) < likely)
    full = called_off | (rng.random(count) < p.full_refund_share)
    partial = np.minimum(lines.net[first], totals.total)
    # A single-line order's partial refund is a share of it: money back, goods kept.
    alone = np.bincount(lines.order, minlength=count) == 1
    partial = np.where(alone, _share_of(rng, totals.total), partial)
    reason = rng.integers(3, len(REASONS), count)
    reason = np.where(orders.late & (rng.random(count) < 0.4), LATE, reason)
    reason = np.where(called_off, CALLED_OFF, np.where(full, reason, PARTIAL))
    wait = np.where(called_off, rng.uniform(HOUR, 2 * DAY, count), rng.gamma(2.0, 3 * DAY, count) + 6 * HOUR)
    start = np.where(called_off, orders.cancelled, orders.delivered)
    chosen = np.flatnonzero((called_off | returned) & (totals.total > 0))
    refunded = start + np.floor(wait).astype(np.int64)
    cents = np.where(full, totals.total, partial)
    chosen = chosen[np.argsort(refunded[chosen], kind="stable")]
    return Refunds(chosen, refunded[chosen], cents[chosen], reason[chosen])


def _share_of(rng: np.random.Generator, total: Ints) -> Ints:
    """10 to 50 % in whole units of the currency, but never nothing."""
    shares: Floats = rng.uniform(0.1, 0.5, len(total))
    whole = np.floor(total * shares / 100).astype(np.int64) * 100
    return np.where(whole > 0, whole, total)
