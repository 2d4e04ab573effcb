"""The ledger of points: postings that never spend a lot twice and never leave a balance below nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from huitou.shop.arrays import DAY, NEVER, Ints
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window

REASONS = ("期初", "购物", "签到", "评价", "分享", "兑换优惠券", "兑换礼品", "抽奖", "到期", "退款扣回", "客诉补偿")
OPENING, PURCHASE, SIGNED, REVIEWED, SHARED, COUPON, GIFT, LOTTERY, EXPIRED, TAKEN_BACK, GOODWILL = range(len(REASONS))
TYPES = ("获取", "消费", "过期", "调整")
EARN, REDEEM, EXPIRE, ADJUST = range(4)
_TYPE = (EARN, EARN, EARN, EARN, EARN, REDEEM, REDEEM, REDEEM, EXPIRE, ADJUST, ADJUST)
REWARDS = (COUPON, COUPON, GIFT, LOTTERY)
_MAKES_LOT = (OPENING, PURCHASE, SIGNED, REVIEWED, SHARED, GOODWILL)


@dataclass(frozen=True)
class Points:
    """Postings in the order of time. ``points`` is signed; ``expires`` is ``NEVER`` unless the posting makes a lot.

    ``lot``: the posting, by number, that made the lot. ``order`` may be ``NEVER``.
    """

    customer: Ints
    lot: Ints
    reason: Ints
    points: Ints
    order: Ints
    occurred: Ints
    expires: Ints

    @property
    def type(self) -> Ints:
        """A place in ``TYPES``."""
        types: Ints = np.array(_TYPE)[self.reason]
        return types


@dataclass(frozen=True)
class Wishes:
    """What should happen to balances, before the ledger says what can: ``points`` above 0."""

    customer: Ints
    occurred: Ints
    reason: Ints
    points: Ints
    order: Ints


@dataclass
class _Book:
    """Postings as they are written, column by column."""

    customer: list[int] = field(default_factory=list)
    lot: list[int] = field(default_factory=list)
    reason: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    occurred: list[int] = field(default_factory=list)
    expires: list[int] = field(default_factory=list)

    def post(self, customer: int, lot: int, reason: int, points: int, order: int, occurred: int, expires: int) -> int:
        number = len(self.customer)
        self.customer.append(customer)
        self.lot.append(number if lot == NEVER else lot)
        self.reason.append(reason)
        self.points.append(points)
        self.order.append(order)
        self.occurred.append(occurred)
        self.expires.append(expires)
        return number


def settle(wishes: Wishes, window: Window, p: Parameters) -> Points:
    """Customer by customer in the order of time: spend from the oldest lot, never more than is there."""
    place = np.lexsort((wishes.reason, wishes.occurred, wishes.customer))
    columns = [getattr(wishes, f.name)[place].tolist() for f in fields(Wishes)]
    book, account = _Book(), _Account(_Book(), NEVER, p)
    for customer, occurred, reason, points, order in zip(*columns, strict=True):
        if customer != account.customer:
            account.expire(window.closes)
            account = _Account(book, customer, p)
        account.expire(occurred)
        account.take(occurred, reason, points, order)
    account.expire(window.closes)
    made = [np.array(getattr(book, f.name), dtype=np.int64) for f in fields(_Book)]
    return _in_time(Points(*made))


def _in_time(points: Points) -> Points:
    """The same postings by instant; lots are named by their postings' new numbers."""
    order = np.argsort(points.occurred, kind="stable")
    renumbered = np.empty(len(order), dtype=np.int64)
    renumbered[order] = np.arange(len(order))
    moved = [getattr(points, f.name)[order] for f in fields(Points)]
    moved[1] = renumbered[moved[1]]
    return Points(*moved)


class _Account:
    """One customer's lots, oldest first: posting number, what is left, when it expires, and of which order."""

    def __init__(self, book: _Book, customer: int, p: Parameters) -> None:
        self.customer = customer
        self._book = book
        self._p = p
        self._lots: list[list[int]] = []

    def expire(self, now: int) -> None:
        while self._lots and self._lots[0][2] < now:
            number, left, expires, _ = self._lots.pop(0)
            if left:
                self._book.post(self.customer, number, EXPIRED, -left, NEVER, expires, NEVER)

    def take(self, occurred: int, reason: int, points: int, order: int) -> None:
        if reason in _MAKES_LOT:
            expires = occurred + self._p.points_days * DAY
            number = self._book.post(self.customer, NEVER, reason, points, order, occurred, expires)
            self._lots.append([number, points, expires, order])
        elif reason == TAKEN_BACK:
            self._lots.sort(key=lambda lot: lot[3] != order)
            self._draw(points, occurred, reason, order)
            self._lots.sort(key=lambda lot: lot[2])
        else:
            hundreds = sum(lot[1] for lot in self._lots) // 100 * 100
            if hundreds >= self._p.redeem_from:
                self._draw(hundreds, occurred, reason, NEVER)

    def _draw(self, points: int, occurred: int, reason: int, order: int) -> None:
        for lot in self._lots:
            taken = min(points, lot[1])
            if taken:
                self._book.post(self.customer, lot[0], reason, -taken, order, occurred, NEVER)
                lot[1] -= taken
                points -= taken
