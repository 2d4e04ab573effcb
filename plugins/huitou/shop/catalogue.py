"""The goods of the demo shop: about 300 products in 12 categories, priced on a grid from cheap to dear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, Floats, Ints, stream
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.shop.words import ADJECTIVES, CATEGORIES

IN_CATEGORY = 25
NEW_EVERY = 12
SELLERS = 9
RENAMED_SHARE = 0.10
RENAMED = " 2代"


@dataclass(frozen=True)
class Catalogue:
    """Products by number; product ``c * IN_CATEGORY + k`` is the ``k``-th cheapest of category ``c``.

    ``price``: list price in cents. ``released`` and ``renamed``: instants, ``renamed`` may be ``NEVER``.
    ``quality``: what a product adds to the satisfaction of those who bought it.
    """

    names: tuple[str, ...]
    price: Ints
    released: Ints
    renamed: Ints
    seller: Ints
    quality: Floats

    @property
    def dearest(self) -> Ints:
        """The highest list price of each category."""
        highest: Ints = self.price.reshape(-1, IN_CATEGORY)[:, -1]
        return highest

    def nearest(self, category: Ints, cents: Floats, step: Ints, when: Ints) -> Ints:
        """The product of each category whose price is nearest, ``step`` places dearer, among those on sale."""
        place = np.zeros(len(category), dtype=np.int64)
        for number in range(len(CATEGORIES)):
            prices = self.price[number * IN_CATEGORY : (number + 1) * IN_CATEGORY]
            mine = category == number
            place[mine] = np.searchsorted((prices[1:] + prices[:-1]) / 2, cents[mine])
        product = category * IN_CATEGORY + np.clip(place + step, 0, IN_CATEGORY - 1)
        # New products never lie side by side and never first: the next cheaper one has always been there.
        too_new: Ints = (self.released[product] > when).astype(np.int64)
        on_sale: Ints = product - too_new
        return on_sale


def make_catalogue(window: Window, p: Parameters, seed: int) -> Catalogue:
    """The shop's products; one in ``NEW_EVERY`` is released within the window, some get a new name in it."""
    rng = stream(seed, "catalogue")
    count = len(CATEGORIES) * IN_CATEGORY
    days = rng.integers(-p.history_days, 0, count)
    fresh = np.arange(count) % NEW_EVERY == NEW_EVERY - 1
    fresh &= np.arange(count) % IN_CATEGORY > 0
    days[fresh] = rng.integers(0, window.nights, count)[fresh]
    released = window.opens + days * DAY + rng.integers(0, 9 * 3600, count)
    renamed = window.opens + rng.integers(0, window.nights, count) * DAY + 15 * 3600
    renamed[(rng.random(count) >= RENAMED_SHARE) | fresh] = -1
    return Catalogue(
        names=_names(rng),
        price=_prices(rng),
        released=released,
        renamed=renamed,
        seller=rng.integers(0, SELLERS, count),
        quality=rng.normal(0, 0.35, count),
    )


def _names(rng: np.random.Generator) -> tuple[str, ...]:
    names: list[str] = []
    for _, _, _, _, _, nouns, english in CATEGORIES:
        every = [adjective + noun for adjective in ADJECTIVES for noun in nouns]
        chosen = rng.permutation(len(every))[: IN_CATEGORY - len(english)]
        names += [*(every[index] for index in chosen), *english]
    return tuple(names)


def _prices(rng: np.random.Generator) -> Ints:
    """Prices that grow evenly in ratio from a category's lowest to its highest; up to 3 % off the grid."""
    grids = []
    for _, low, high, *_ in CATEGORIES:
        ratio = np.geomspace(low, high, IN_CATEGORY) * rng.uniform(0.97, 1.03, IN_CATEGORY)
        grids.append(np.floor(ratio) * 100 + 90)
    return np.concatenate(grids).astype(np.int64)
