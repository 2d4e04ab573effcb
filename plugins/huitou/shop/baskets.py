"""What an order holds and what it costs, to the cent of its own currency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, NEVER, Bools, Floats, Ints, pick, stream
from huitou.shop.catalogue import IN_CATEGORY, Catalogue
from huitou.shop.fulfilment import Orders
from huitou.shop.parameters import CURRENCIES, RATES, Parameters
from huitou.shop.people import Buyers
from huitou.shop.season import Season, Window
from huitou.shop.words import BULKY_CATEGORY, CATEGORIES

# 满减: from this many yuan of goods, so many yuan off
COUPONS = ((500, 60, "MAN500J60"), (200, 25, "MAN200J25"), (99, 10, "MAN99J10"))
PROMO_DISCOUNTS = (0.10, 0.15, 0.20, 0.30)
PLAIN_DISCOUNT = 0.08
BULKY_FROM = 800
MOST_EXTRA_LINES = 5
RATE_DIGITS = 6


@dataclass(frozen=True)
class Lines:
    """Order lines in the order of their orders. Money in cents of the order's currency."""

    order: Ints
    number: Ints
    product: Ints
    quantity: Ints
    price: Ints
    discount: Ints
    freight: Ints

    @property
    def net(self) -> Ints:
        """What a line costs: pieces x price - discount + freight."""
        return self.quantity * self.price - self.discount + self.freight


@dataclass(frozen=True)
class Totals:
    """Money of each order's header in cents; ``coupon`` is a place in ``COUPONS`` or ``NEVER``."""

    discount: Ints
    shipping: Ints
    coupon: Ints
    total: Ints


def exchange_rates(window: Window, p: Parameters, seed: int) -> Floats:
    """(nights, currencies): yuan a unit, a random walk of the logarithm, rounded as it is published."""
    rng = stream(seed, "rates")
    steps = rng.normal(0, p.rate_step, (window.nights, len(CURRENCIES)))
    steps[:, 0] = 0
    return np.round(np.array(RATES) * np.exp(np.cumsum(steps, axis=0)), RATE_DIGITS)


def fill(
    orders: Orders, buyers: Buyers, catalogue: Catalogue, season: Season, rates: Floats, p: Parameters, seed: int
) -> tuple[Lines, Totals]:
    """Gamma-Gamma order values, split over lines, each line the product whose price comes nearest."""
    rng = stream(seed, "baskets")
    order, number, product, quantity = _choose(rng, orders, buyers, catalogue, p)
    promoted = season.promoted(orders.ordered)
    rate = rates[season.window.night_of(orders.ordered), orders.currency]
    least = np.where(orders.currency == CURRENCIES.index("JPY"), 100, 1)
    price = catalogue.price[product]
    off = _line_discounts(rng, price * quantity, promoted[order], p)
    bulky = (product // IN_CATEGORY == BULKY_CATEGORY) & (price > BULKY_FROM * 100) & ~orders.store[order]
    lines = Lines(
        order=order,
        number=number,
        product=product,
        quantity=quantity,
        price=np.maximum(_convert(price, rate[order], least[order]), least[order]),
        discount=_convert(off, rate[order], least[order]),
        freight=_convert(bulky * p.bulky_fee * 100, rate[order], least[order]),
    )
    yuan = np.bincount(order, price * quantity - off, len(promoted)) / 100
    return lines, _totals(rng, orders, lines, yuan, promoted, rate, least, p)


def _choose(
    rng: np.random.Generator, orders: Orders, buyers: Buyers, catalogue: Catalogue, p: Parameters
) -> tuple[Ints, Ints, Ints, Ints]:
    """Per line: its order, its number in it, the product and how many pieces."""
    count = len(orders.ordered)
    value = rng.gamma(p.p, 1.0, count) * buyers.spend[orders.customer] / p.p * 100
    lines_each = 1 + np.minimum(rng.poisson(p.extra_lines, count), MOST_EXTRA_LINES)
    order = np.repeat(np.arange(count), lines_each)
    number = np.arange(len(order)) - np.repeat(np.cumsum(lines_each) - lines_each, lines_each) + 1
    weight = rng.gamma(2.0, 1.0, len(order))
    target = value[order] * weight / np.bincount(order, weight, count)[order]
    category = _categories(rng, buyers.favourites[orders.customer[order]], p)
    quantity = rng.geometric(1 - p.extra_pieces, len(order)).astype(np.int64)
    # Who spends more than a category's dearest product costs buys several of it.
    quantity = np.maximum(quantity, np.round(target / catalogue.dearest[category]).astype(np.int64))
    step = pick(rng, np.array([0.2, 0.6, 0.2]), len(order)) - 1
    product = catalogue.nearest(category, target / quantity, step, orders.ordered[order])
    return order, number, product, quantity


def _convert(yuan_cents: Ints, rate: Floats, least: Ints) -> Ints:
    """Cents of yuan as cents of another currency, rounded to what it has coins for (whole yen)."""
    return np.round(yuan_cents / rate / least).astype(np.int64) * least


def _categories(rng: np.random.Generator, favourites: Ints, p: Parameters) -> Ints:
    """A favourite category mostly, the first twice as often as the second; else any by its weight."""
    count = len(favourites)
    which = pick(rng, np.array([2.0, 1.0]), count)
    other = pick(rng, np.array([category[3] for category in CATEGORIES]), count)
    return np.where(rng.random(count) < p.favourite_share, favourites[np.arange(count), which], other)


def _line_discounts(rng: np.random.Generator, full: Ints, promoted: Bools, p: Parameters) -> Ints:
    share = np.where(promoted, p.promo_discount_share, p.plain_discount_share)
    given = rng.random(len(full)) < share
    percent = np.array(PROMO_DISCOUNTS)[rng.integers(0, len(PROMO_DISCOUNTS), len(full))]
    percent = np.where(promoted, percent, PLAIN_DISCOUNT)
    return np.where(given, np.round(full * percent), 0).astype(np.int64)


def _totals(
    rng: np.random.Generator,
    orders: Orders,
    lines: Lines,
    yuan: Floats,
    promoted: Bools,
    rate: Floats,
    least: Ints,
    p: Parameters,
) -> Totals:
    """Coupons and shipping by the goods' worth in yuan; the total is the sum of what the files show."""
    count = len(yuan)
    uses = rng.random(count) < np.where(promoted, p.promo_coupon_share, p.coupon_share)
    coupon = np.full(count, NEVER)
    off = np.zeros(count, dtype=np.int64)
    for place, (threshold, worth, _) in reversed(list(enumerate(COUPONS))):
        fits = uses & (yuan >= threshold)
        coupon[fits], off[fits] = place, worth * 100
    fee = np.where(~orders.store & (yuan < p.free_shipping_from), p.shipping_fee * 100, 0)
    discount, shipping = _convert(off, rate, least), _convert(fee, rate, least)
    goods = np.bincount(lines.order, lines.net, count).astype(np.int64)
    return Totals(discount, shipping, coupon, goods - discount + shipping)


def in_yuan(cents: Ints, orders: Orders, rates: Floats, window: Window) -> Ints:
    """Cents of each order's currency as cents of yuan, by the rate of the order's day."""
    night = orders.ordered // DAY - window.first
    return np.round(cents * rates[night, orders.currency]).astype(np.int64)
