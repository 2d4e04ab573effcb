"""The customers of the demo shop: when they join, how they buy, who they are and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, NEVER, Bools, Floats, Ints, pick, stream
from huitou.shop.parameters import CURRENCIES, Parameters
from huitou.shop.season import Season
from huitou.shop.words import (
    CATEGORIES,
    CITIES,
    ENGLISH_NAMES,
    FOREIGN_CITIES,
    GIVEN_FIRST,
    GIVEN_SECOND,
    SURNAMES,
)

# fmt: off
PHONE_PREFIXES = (
    "131", "135", "137", "139", "150", "152", "158", "159", "166", "173",
    "176", "178", "180", "183", "186", "188", "189", "191", "198", "199",
)
# fmt: on
PHONES = len(PHONE_PREFIXES) * 1_000_000
PHONE_STRIDE = 7_368_787  # prime, so that the walk through the numbers meets each once


@dataclass(frozen=True)
class Buyers:
    """How each customer buys. ``first`` and rates are in customer time (days); ``spend`` in yuan an order."""

    registered: Ints
    first: Floats
    rate: Floats
    dropout: Floats
    spend: Floats
    guest: Bools
    currency: Ints
    store_share: Floats
    favourites: Ints
    mood: Floats


@dataclass(frozen=True)
class People:
    """Who each customer is. Codes into ``words``; ``phone``, ``email``, ``wechat``, ``birthday`` may be ``NEVER``.

    ``twin``: the account that the shop knows to be the same person's. ``shares``: the customer whose phone is the
    same. Both hold ``NEVER`` for most.
    """

    surname: Ints
    given: Ints
    english: Ints
    city: Ints
    next_city: Ints
    moved: Ints
    birthday: Ints
    phone: Ints
    email: Ints
    wechat: Ints
    twin: Ints
    linked: Ints
    shares: Ints


def make_buyers(count: int, season: Season, p: Parameters, seed: int) -> Buyers:
    """``count`` customers in the order of their registration. BG/NBD and Gamma-Gamma heterogeneity."""
    rng = stream(seed, "buyers")
    existing = rng.random(count) < p.existing_share
    joined = np.where(existing, rng.random(count) * season.opens, 0.0)
    joined += np.where(existing, 0.0, season.opens + rng.random(count) * (season.closes - season.opens))
    joined = np.sort(joined)
    guest = rng.random(count) < p.guest_share
    at_once = guest | (rng.random(count) < p.buys_at_once_share)
    first = joined + np.where(at_once, 0.0, rng.exponential(p.first_purchase_days, count))
    minutes = rng.integers(60, 600, count)
    foreign = rng.random(count) < p.foreign_share
    loves_store = (rng.random(count) < p.store_lovers) & ~foreign
    categories = np.array([category[3] for category in CATEGORIES])
    return Buyers(
        registered=season.instants(joined) - np.where(at_once, minutes, 0),
        first=first,
        rate=rng.gamma(p.r, 1 / p.alpha, count),
        dropout=rng.beta(p.a, p.b, count),
        spend=p.p / rng.gamma(p.q, 1 / p.gamma, count),
        guest=guest,
        currency=np.where(foreign, rng.integers(1, len(CURRENCIES), count), 0),
        store_share=np.where(foreign, 0.0, np.where(loves_store, p.store_share, p.store_share_others)),
        favourites=pick(rng, categories, 2 * count).reshape(count, 2),
        mood=rng.normal(0, p.mood_spread, count),
    )


def make_people(buyers: Buyers, season: Season, p: Parameters, seed: int) -> People:
    """Names, places and contact points of the buyers."""
    rng = stream(seed, "people")
    count = len(buyers.registered)
    abroad = buyers.currency > 0
    phone = _phones(rng, count)
    email = np.arange(count)
    phone[rng.random(count) < p.no_phone_share] = NEVER
    email[rng.random(count) < p.no_email_share] = NEVER
    unreachable = buyers.guest & (rng.random(count) < p.guest_no_contact_share)
    phone[unreachable] = NEVER
    email[unreachable] = NEVER
    city = _cities(rng, buyers.currency)
    moved = _moves(rng, buyers, season, p)
    ages = rng.integers(18 * 365, 66 * 365, count)
    known = ~buyers.guest & (rng.random(count) < p.birthday_share)
    people = People(
        surname=rng.integers(0, len(SURNAMES), count),
        given=rng.integers(0, len(GIVEN_FIRST) * len(GIVEN_SECOND), count),
        english=np.where(abroad & (rng.random(count) < 0.6), rng.integers(0, len(ENGLISH_NAMES), count), NEVER),
        city=city,
        next_city=np.where(abroad, city, pick(rng, np.array([row[2] for row in CITIES]), count)),
        moved=moved,
        birthday=np.where(known, season.window.last - ages, _NO_DAY),
        phone=phone,
        email=email,
        wechat=_wechat(buyers.guest, p, seed),
        twin=np.full(count, NEVER),
        linked=np.full(count, NEVER),
        shares=np.full(count, NEVER),
    )
    _pair(rng, people, buyers, p)
    return people


_NO_DAY = -(10**6)


def has_birthday(people: People) -> Bools:
    known: Bools = people.birthday != _NO_DAY
    return known


def _wechat(guest: Bools, p: Parameters, seed: int) -> Ints:
    """A number of its own for each account that was opened by way of WeChat."""
    lots = stream(seed, "wechat").random(len(guest))
    return np.where(lots < np.where(guest, p.guest_wechat_share, p.wechat_share), np.arange(len(guest)), NEVER)


def _phones(rng: np.random.Generator, count: int) -> Ints:
    """Distinct numbers 0 to PHONES - 1; prefix and six digits of a phone."""
    start = int(rng.integers(0, PHONES))
    return (start + np.arange(count, dtype=np.int64) * PHONE_STRIDE) % PHONES


def _cities(rng: np.random.Generator, currency: Ints) -> Ints:
    home = pick(rng, np.array([city[2] for city in CITIES]), len(currency))
    return np.where(currency > 0, len(CITIES) + currency - 1, home)


def _moves(rng: np.random.Generator, buyers: Buyers, season: Season, p: Parameters) -> Ints:
    """When a customer's address changes within the window; ``NEVER`` for most."""
    window = season.window
    count = len(buyers.registered)
    moves = rng.random(count) < p.moves_per_year * window.nights / 365.25
    start = np.maximum(buyers.registered + DAY, window.opens)
    when = start + np.floor(rng.random(count) * (window.closes - window.opens)).astype(np.int64)
    stays = ~moves | (buyers.currency > 0) | (when >= window.closes)
    return np.where(stays, NEVER, when)


def _pair(rng: np.random.Generator, people: People, buyers: Buyers, p: Parameters) -> None:
    """Plant pairs: two customers with one phone, and two accounts that are one person's."""
    count = len(people.phone)
    lots = rng.permutation(count)
    lots = lots[people.phone[lots] >= 0]
    sharing = round(p.shared_phone_share * count / 2)
    left, right = lots[:sharing], lots[sharing : 2 * sharing]
    left = left[: len(right)]
    people.phone[right] = people.phone[left]
    people.shares[right], people.shares[left] = left, right
    rest = lots[2 * sharing :]
    rest = rest[~buyers.guest[rest]]
    linking = min(round(p.linked_share * count / 2), len(rest) // 2)
    older, younger = np.sort(rest[: 2 * linking].reshape(linking, 2), axis=1).T
    people.twin[older], people.twin[younger] = younger, older
    # The shop learns of the pair when the second account opens.
    people.linked[older] = buyers.registered[younger] + 300
    people.linked[younger] = buyers.registered[younger]
    for same in (people.surname, people.given, people.english, people.birthday, people.wechat):
        same[younger] = same[older]


def all_cities() -> tuple[tuple[str, str], ...]:
    """City and region of every city code."""
    return tuple((city, region) for city, region, _, _ in CITIES) + FOREIGN_CITIES


def delivery_days(city: Ints) -> Ints:
    """Days that a parcel to each city takes beyond the usual."""
    days = [days for _, _, _, days in CITIES] + [7] * len(FOREIGN_CITIES)
    return np.array(days, dtype=np.int64)[city]
