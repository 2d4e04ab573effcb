"""People who cheat the shop, planted beside its customers: who they are and what they did, rings and loners alike.

They are kept apart from the shop in memory, so that its customers buy as the published model says. Some of the
planted are honest and only look like cheats, and some cheats are careful: no rule finds all of them and only them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, MINUTE, NEVER, Bools, Ints, stream
from huitou.shop.catalogue import Catalogue
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.shop.words import CITIES, GIVEN_FIRST, GIVEN_SECOND, SURNAMES

SCHEMES = ("brushing", "coupon_ring", "refund_loop", "fake_review", "honest")
BRUSHING, COUPON_RING, REFUND_LOOP, FAKE_REVIEW, HONEST = range(len(SCHEMES))
LEAST_NIGHTS = 14
LOOP_DAYS = 45
COUPON_FROM = 9_900


@dataclass(frozen=True)
class Accounts:
    """Planted accounts by number; ``phone`` counts the phones that they bear, shared in some rings."""

    scheme: Ints
    ring: Ints
    registered: Ints
    phone: Ints
    surname: Ints
    given: Ints
    city: Ints


@dataclass(frozen=True)
class Deeds:
    """Their orders, of one line each, by instant. ``coupon``: used one. ``refunded``, ``praised`` may be ``NEVER``."""

    account: Ints
    ordered: Ints
    product: Ints
    quantity: Ints
    coupon: Bools
    delivered: Ints
    refunded: Ints
    praised: Ints


@dataclass(frozen=True)
class Fraud:
    """What was planted. An order has its account's scheme."""

    accounts: Accounts
    deeds: Deeds


class _Book:
    """Accounts and orders as they are made up, one by one: there are few."""

    def __init__(self, rng: np.random.Generator, catalogue: Catalogue, window: Window) -> None:
        self.rng, self.window, self.catalogue = rng, window, catalogue
        self.accounts: list[tuple[int, ...]] = []
        self.deeds: list[tuple[int, ...]] = []
        self.rings = self.phones = 0
        self.on_sale = np.flatnonzero(catalogue.released < window.opens)

    def people(self, scheme: int, count: int, start: int, shared_phone: bool) -> list[int]:
        """``count`` accounts of one ring that open in the day before ``start``; no two bear one name."""
        names = self.rng.permutation(len(GIVEN_FIRST) * len(GIVEN_SECOND))[:count]
        made = []
        for name in names.tolist():
            opened = max(start - int(self.rng.integers(HOUR, DAY)), self.window.opens)
            family, city = int(self.rng.integers(len(SURNAMES))), int(self.rng.integers(len(CITIES)))
            made.append(len(self.accounts))
            self.accounts.append((scheme, self.rings, opened, self.phones, family, name, city))
            self.phones += not shared_phone
        self.phones += shared_phone
        self.rings += 1
        return made

    def product(self, least: int = 0, seller: int | None = None) -> int:
        """A product that has always been on sale, of at least ``least`` cents, of ``seller`` if given."""
        fits = self.on_sale[self.catalogue.price[self.on_sale] >= least]
        if seller is not None:
            fits = fits[self.catalogue.seller[fits] == seller]
        return int(self.rng.choice(fits))

    def order(
        self, account: int, ordered: int, product: int, coupon: bool = False, back: bool = False, early: bool = False
    ) -> None:
        """Delivered two days on; paid back a day later, or praised before it was even sent, as told."""
        delivered = ordered + 2 * DAY + int(self.rng.integers(HOUR, 5 * HOUR))
        refunded = delivered + DAY + int(self.rng.integers(HOUR)) if back else NEVER
        praised = ordered + int(self.rng.integers(10 * MINUTE, 3 * HOUR)) if early else NEVER
        self.deeds.append((account, ordered, product, 1, coupon, delivered, refunded, praised))

    def day(self, room: int) -> int:
        """A morning of the window with ``room`` days after it."""
        return self.window.opens + int(self.rng.integers(1, self.window.nights - room)) * DAY + 9 * HOUR


def plant_fraud(customers: int, catalogue: Catalogue, window: Window, p: Parameters, seed: int) -> Fraud:
    """One ring of each scheme for every ``p.customers_a_ring`` customers, one at least; none in a very small shop."""
    book = _Book(stream(seed, "fraud"), catalogue, window)
    if customers >= p.fraud_from and window.nights >= LEAST_NIGHTS:
        for _ in range(max(1, round(customers / p.customers_a_ring))):
            for scheme in (_brush, _share_coupons, _loop, _praise, _family, _group_buyer):
                scheme(book)
    accounts = np.array(book.accounts, dtype=np.int64).reshape(-1, 7).T
    deeds = np.array(book.deeds, dtype=np.int64).reshape(-1, 8)
    deeds = deeds[np.argsort(deeds[:, 1], kind="stable")].T
    account, ordered, product, quantity, coupon, *rest = deeds
    return Fraud(Accounts(*accounts), Deeds(account, ordered, product, quantity, coupon > 0, *rest))


def _brush(book: _Book) -> None:
    """Three accounts buy from one seller, four orders in half an hour, twice; one of them takes its time."""
    start, seller = book.day(9), int(book.rng.integers(book.catalogue.seller.max() + 1))
    for nth, account in enumerate(book.people(BRUSHING, 3, start, shared_phone=False)):
        pace = 90 * MINUTE if nth == 0 else 8 * MINUTE
        for wave in range(2):
            for order in range(4):
                ordered = start + wave * 3 * DAY + nth * HOUR + order * pace
                book.order(account, ordered, book.product(seller=seller), early=order % 2 == 1)


def _share_coupons(book: _Book) -> None:
    """Four names at one phone, each with the newcomer's coupon within three days."""
    start = book.day(7)
    for nth, account in enumerate(book.people(COUPON_RING, 4, start, shared_phone=True)):
        book.order(account, start + nth * 18 * HOUR, book.product(COUPON_FROM), coupon=True)


def _loop(book: _Book) -> None:
    """Six orders, all but the third sent back for all of their money."""
    days = min(LOOP_DAYS, book.window.nights - 6)
    start = book.day(days + 4)
    (account,) = book.people(REFUND_LOOP, 1, start, shared_phone=False)
    for order in range(6):
        book.order(account, start + order * days // 6 * DAY, book.product(), back=order != 2)


def _praise(book: _Book) -> None:
    """Two accounts with two orders each, all five stars before the parcel has left."""
    start = book.day(7)
    for nth, account in enumerate(book.people(FAKE_REVIEW, 2, start, shared_phone=False)):
        for order in range(2):
            book.order(account, start + (nth + 2 * order) * DAY, book.product(), early=True)


def _family(book: _Book) -> None:
    """Honest: three relatives with the household's phone."""
    start = book.day(9)
    for nth, account in enumerate(book.people(HONEST, 3, start, shared_phone=True)):
        book.order(account, start + 2 * nth * DAY, book.product())


def _group_buyer(book: _Book) -> None:
    """Honest: orders for the neighbours, three within the hour from one seller."""
    start, seller = book.day(4), int(book.rng.integers(book.catalogue.seller.max() + 1))
    (account,) = book.people(HONEST, 1, start, shared_phone=False)
    for order in range(3):
        book.order(account, start + order * 15 * MINUTE, book.product(seller=seller))
