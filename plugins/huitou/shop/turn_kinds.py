"""Each turn for the worse: what of the shop it changes, and what should be told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from huitou.shop.arrays import DAY, HOUR, NEVER, Bools, Ints, rows_of
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.fulfilment import NOT_YET
from huitou.shop.made import Shop
from huitou.shop.parcels import CARRIERS
from huitou.shop.service import QUESTION
from huitou.shop.words import CATEGORIES

# Days before the window's last on which each begins.
CHECKOUT_DAYS, MISSING_DAYS, CARRIER_DAYS, QUALITY_DAYS, FEED_DAYS, PRICE_DAYS = 27, 23, 20, 13, 6, 3
SHORT = 3  # nights that a failing checkout and a missing feed last
CARRIER = len(CARRIERS) - 1
HIT_SHARE = 0.85
MISSING_FEED = "products"


@dataclass(frozen=True)
class Turn:
    """What turned: the signal that should tell, the part and the names (parted by `|`) that are the cause, and its days."""

    signal: str
    part: str
    name: str
    first_day: int
    last_day: int


Turned = tuple[Shop, list[Turn]]


def failing_checkout(shop: Shop, rng: np.random.Generator) -> Turned:
    """Of the online orders of a few days most are not paid and called off, and nothing follows from them."""
    first = shop.window.last - CHECKOUT_DAYS
    last = first + SHORT - 1
    orders = shop.orders
    day = orders.ordered // DAY
    lots = rng.random(len(day))
    failed = ~orders.store & (orders.paid >= 0) & (first <= day) & (day <= last) & (lots < HIT_SHARE)
    wait = HOUR + rng.integers(0, 23 * HOUR, len(day))
    turned = replace(
        _without_sequel(shop, failed),
        orders=replace(
            orders,
            paid=np.where(failed, NEVER, orders.paid),
            shipped=np.where(failed, NEVER, orders.shipped),
            delivered=np.where(failed, NEVER, orders.delivered),
            cancelled=np.where(failed, orders.ordered + wait, orders.cancelled),
        ),
    )
    return turned, [Turn("orders", "channel", "online", first, last)]


def _without_sequel(shop: Shop, failed: Bools) -> Shop:
    """The shop in which nothing comes of the failed orders; all things keep their numbers."""
    payments, parcels, refunds, returns = shop.payments, shop.parcels, shop.refunds, shop.returns
    reviews, surveys, tickets = shop.reviews, shop.surveys, shop.tickets
    gone = failed[tickets.order] & (tickets.cause != QUESTION)
    never = {name: _put_off(getattr(parcels, name), failed[parcels.order], NEVER) for name in ("shipped", "delivered")}
    return replace(
        shop,
        payments=replace(payments, paid=_put_off(payments.paid, failed[payments.order], NEVER)),
        parcels=replace(parcels, **never, attempted=_put_off(parcels.attempted, failed[parcels.order], NEVER)),
        refunds=replace(refunds, refunded=_put_off(refunds.refunded, failed[refunds.order])),
        returns=replace(returns, events=_put_off(returns.events, failed[returns.order])),
        reviews=replace(
            reviews,
            created=_put_off(reviews.created, failed[reviews.order]),
            answered=_put_off(reviews.answered, failed[reviews.order], NEVER),
        ),
        surveys=replace(
            surveys,
            asked=_put_off(surveys.asked, failed[surveys.order]),
            answered=_put_off(surveys.answered, failed[surveys.order], NEVER),
        ),
        tickets=replace(tickets, events=_put_off(tickets.events, gone)),
    )


def _put_off(instants: Ints, where: Bools, until: int = NOT_YET) -> Ints:
    """``instants`` of one or more steps; those of the rows ``where`` it holds come never, or not in the window."""
    rows = where.reshape(-1, *[1] * (instants.ndim - 1))
    return np.where(rows & (instants >= 0), until, instants)


def late_carrier(shop: Shop, rng: np.random.Generator) -> Turned:
    """Most of a carrier's parcels come 6 to 42 hours after the promise, of those promised from a day on."""
    first = shop.window.last - CARRIER_DAYS
    parcels, orders = shop.parcels, shop.orders
    due = orders.promised[parcels.order]
    hit = (parcels.carrier == CARRIER) & (due // DAY >= first) & (rng.random(len(due)) < HIT_SHARE)
    late = due + 6 * HOUR + rng.integers(0, 36 * HOUR, len(due))
    arrived = np.where(hit, np.maximum(parcels.delivered, late), parcels.delivered)
    delivered = orders.delivered.copy()
    np.maximum.at(delivered, parcels.order[hit], arrived[hit])
    changed = replace(shop, parcels=replace(parcels, delivered=arrived), orders=replace(orders, delivered=delivered))
    return changed, [Turn("lateness", "carrier", CARRIERS[CARRIER][0], first, shop.window.last)]


def bad_goods(shop: Shop, rng: np.random.Generator) -> Turned:
    """Most reviews of half of the categories, those that most is said of, give one or two stars."""
    first = shop.window.last - QUALITY_DAYS
    reviews = shop.reviews
    category = reviews.product // IN_CATEGORY
    said = np.bincount(category, minlength=len(CATEGORIES))
    worst = np.argsort(-said, kind="stable")[: len(CATEGORIES) // 2]
    hit = np.isin(category, worst) & (reviews.created // DAY >= first) & (rng.random(len(category)) < HIT_SHARE)
    names = "|".join(CATEGORIES[n][0] for n in worst)
    return with_low_stars(shop, hit, rng), [Turn("low_scores", "category", names, first, shop.window.last)]


def with_low_stars(shop: Shop, hit: Bools, rng: np.random.Generator) -> Shop:
    stars = np.where(hit, rng.integers(1, 3, len(hit)), shop.reviews.stars)
    return replace(shop, reviews=replace(shop.reviews, stars=stars))


def half_feed(shop: Shop, rng: np.random.Generator) -> Turned:
    """Every second event of a visit does not reach the files."""
    first = shop.window.last - FEED_DAYS
    events = shop.behaviour
    lost = (events.occurred // DAY >= first) & (rng.random(len(events.occurred)) < 1 / 2)
    return replace(shop, behaviour=rows_of(events, np.flatnonzero(~lost))), [
        Turn("volume", "feed", "behaviour_events", first, shop.window.last)
    ]


def missing_feed(shop: Shop, _: np.random.Generator) -> Turned:
    """A feed does not come for a few nights; its rows are in the first file after them."""
    first = shop.window.last - MISSING_DAYS
    return shop, [Turn("freshness", "feed", MISSING_FEED, first, first + SHORT - 1)]


def hundredfold_prices(shop: Shop, _: np.random.Generator) -> Turned:
    """For two days the prices of the category most sold are a hundred times too high: cents that pass for yuan."""
    first = shop.window.last - PRICE_DAYS
    last = first + 1
    lines = shop.lines
    category, day = lines.product // IN_CATEGORY, shop.orders.ordered[lines.order] // DAY
    most = int(np.bincount(category, minlength=len(CATEGORIES)).argmax())
    hit = (category == most) & (first <= day) & (day <= last)
    priced = replace(lines, price=np.where(hit, 100 * lines.price, lines.price))
    return replace(shop, lines=priced), [Turn("sales", "category", CATEGORIES[most][0], first, last)]
