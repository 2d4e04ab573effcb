"""What visitors do in the app and on the site: they look, search, fill carts, share and sign in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, MINUTE, NEVER, Bools, Ints, pick, stream
from huitou.shop.baskets import Lines
from huitou.shop.buying import Purchases
from huitou.shop.catalogue import IN_CATEGORY, Catalogue
from huitou.shop.fulfilment import Orders
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers
from huitou.shop.season import Season
from huitou.shop.words import CATEGORIES

ACTIONS = ("view", "search", "share", "sign", "cart_add", "cart_drop")
VIEW, SEARCH, SHARE, SIGN_IN, CART_ADD, CART_DROP = range(6)
DEVICES = (("app", 0.50), ("wxa", 0.25), ("h5", 0.15), ("pc", 0.10))
SEARCH_WORDS = tuple(word for category in CATEGORIES for word in (*category[5], *category[6], category[0]))
_WORDS_EACH = np.array([len(category[5]) + len(category[6]) + 1 for category in CATEGORIES])
_FIRST_WORD = np.cumsum(_WORDS_EACH) - _WORDS_EACH
LONGEST_VISIT = 50 * MINUTE


@dataclass(frozen=True)
class Visits:
    """Visits: who came, when, and the order that the visit led up to (``NEVER`` for most)."""

    customer: Ints
    start: Ints
    order: Ints


@dataclass(frozen=True)
class Behaviour:
    """Events in the order of time. ``known``: whether the visitor had signed in. ``what``: a product, or for a
    search a place in ``SEARCH_WORDS``; ``NEVER`` for signing in. ``order``: the order that the visit led to."""

    visit: Ints
    customer: Ints
    known: Bools
    device: Ints
    action: Ints
    what: Ints
    occurred: Ints
    order: Ints


def browse(
    orders: Orders,
    lines: Lines,
    purchases: Purchases,
    buyers: Buyers,
    catalogue: Catalogue,
    season: Season,
    p: Parameters,
    seed: int,
) -> Behaviour:
    """All events within the window; carts come before the order that they lead to."""
    rng = stream(seed, "browsing")
    visits = _visits(rng, orders, purchases, buyers, season, p)
    count = len(visits.start)
    leads = visits.order >= 0
    # Who registers only while buying has looked around as a stranger.
    known = (leads | (rng.random(count) >= p.stranger_share)) & (visits.start >= buyers.registered[visits.customer])
    bought = np.where(leads, np.bincount(lines.order, minlength=len(orders.ordered) + 1)[visits.order], 0)
    each = {
        SIGN_IN: (known & ~buyers.guest[visits.customer] & (rng.random(count) < p.sign_in_share)).astype(np.int64),
        SEARCH: rng.poisson(p.searches, count),
        VIEW: 1 + rng.poisson(p.extra_views, count),
        SHARE: (rng.random(count) < p.share_share).astype(np.int64),
        CART_ADD: np.where(leads, bought, rng.random(count) < 0.2),
        CART_DROP: (~leads & (rng.random(count) < 0.05)).astype(np.int64),
    }
    visit = np.concatenate([np.repeat(np.arange(count), times) for times in each.values()])
    action = np.repeat(list(each), [int(times.sum()) for times in each.values()])
    what = _what(rng, visits, visit, action, orders, lines, buyers, catalogue)
    moment = _moments(rng, visits.start[visit], action)
    device = pick(rng, np.array([row[1] for row in DEVICES]), count)
    inside = (moment >= season.window.opens) & (moment < season.window.closes)
    inside &= (action != SIGN_IN) | _first_of_day(visits.customer[visit], moment, action)
    place = np.flatnonzero(inside)
    place = place[np.lexsort((visit[place], moment[place]))]
    visit = visit[place]
    customer, order = visits.customer[visit], visits.order[visit]
    return Behaviour(visit, customer, known[visit], device[visit], action[place], what[place], moment[place], order)


def _visits(
    rng: np.random.Generator, orders: Orders, purchases: Purchases, buyers: Buyers, season: Season, p: Parameters
) -> Visits:
    """One visit that ends in each online order, one in the days before many, idle ones around; window shoppers."""
    online = np.flatnonzero(~orders.store)
    before = orders.ordered[online] - rng.integers(LONGEST_VISIT, LONGEST_VISIT + 10 * MINUTE, len(online))
    earlier = online[rng.random(len(online)) < p.earlier_visit_share]
    sooner = _days_off(rng, orders.ordered[earlier], -6, 0)
    idle = np.repeat(np.arange(len(orders.ordered)), rng.poisson(p.idle_visits, len(orders.ordered)))
    around = _days_off(rng, orders.ordered[idle], -25, 26)
    quiet = np.ones(len(buyers.registered), dtype=bool)
    quiet[orders.customer] = False
    quiet &= ~buyers.guest & ~purchases.lost
    shoppers = np.flatnonzero(quiet)
    shoppers = np.repeat(shoppers, rng.poisson(p.window_shopper_visits, len(shoppers)))
    looked = season.instants(rng.uniform(season.opens, season.closes, len(shoppers)))
    who = np.concatenate([orders.customer[np.concatenate([online, earlier, idle])], shoppers])
    start = np.concatenate([before, sooner, around, looked])
    order = np.full(len(who), NEVER)
    order[: len(online)] = online
    # Nobody visits as a member before registering, or once the shop has lost them.
    gone = np.where(purchases.lost, purchases.last, season.window.closes)[who]
    here = (order >= 0) | ((start >= buyers.registered[who]) & (start <= gone))
    return Visits(who[here], start[here], order[here])


def _days_off(rng: np.random.Generator, instants: Ints, first: int, last: int) -> Ints:
    """Some days before or after each instant, at about the same time of day."""
    moved: Ints = instants + rng.integers(first, last, len(instants)) * DAY
    return moved + rng.integers(-3 * HOUR, 3 * HOUR, len(instants))


def _moments(rng: np.random.Generator, start: Ints, action: Ints) -> Ints:
    """Signing in comes first; carts are filled late in a visit and, where they lead to an order, before it."""
    early, late = np.zeros(len(action)), np.full(len(action), 0.7)
    early[action == SIGN_IN], late[action == SIGN_IN] = 0.0, 0.01
    early[action >= CART_ADD], late[action >= CART_ADD] = 0.7, 1.0
    into: Ints = np.floor((early + rng.random(len(action)) * (late - early)) * LONGEST_VISIT).astype(np.int64)
    return start + into


def _what(
    rng: np.random.Generator,
    visits: Visits,
    visit: Ints,
    action: Ints,
    orders: Orders,
    lines: Lines,
    buyers: Buyers,
    catalogue: Catalogue,
) -> Ints:
    """What each event is about: of a liked category mostly; carts hold what is then ordered."""
    count = len(visit)
    customer = visits.customer[visit]
    liked = buyers.favourites[customer, pick(rng, np.array([2.0, 1.0]), count)]
    category = np.where(rng.random(count) < 0.8, liked, rng.integers(0, len(CATEGORIES), count))
    product = category * IN_CATEGORY + rng.integers(0, IN_CATEGORY, count)
    # As in the baskets: where a product is too new, the next cheaper one has always been there.
    product -= catalogue.released[product] > visits.start[visit]
    carted = np.flatnonzero((action == CART_ADD) & (visits.order[visit] >= 0))
    first = np.searchsorted(lines.order, visits.order[visit[carted]])
    number = np.arange(len(carted)) - np.searchsorted(visit[carted], visit[carted])
    product[carted] = lines.product[first + number]
    searched = action == SEARCH
    product[searched] = (_FIRST_WORD[category] + rng.integers(0, 1 << 20, count) % _WORDS_EACH[category])[searched]
    product[action == SIGN_IN] = NEVER
    return product


def _first_of_day(customer: Ints, moment: Ints, action: Ints) -> Bools:
    """Whether a signing in is the customer's first of its day."""
    first = np.zeros(len(customer), dtype=bool)
    signs = np.flatnonzero(action == SIGN_IN)
    signs = signs[np.argsort(moment[signs], kind="stable")]
    day = customer[signs] * (1 << 20) + moment[signs] // DAY
    first[signs[np.unique(day, return_index=True)[1]]] = True
    return first
