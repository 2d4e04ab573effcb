"""The whole shop in memory: everything that happened, before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.shop.arrays import Floats, rows_of
from huitou.shop.baskets import Lines, Totals, exchange_rates, fill
from huitou.shop.buying import Purchases, buy, quit_after
from huitou.shop.catalogue import Catalogue, make_catalogue
from huitou.shop.consent import Consents, consent
from huitou.shop.fulfilment import NOT_YET, Orders, anger, fulfil
from huitou.shop.money import Payments, Refunds, pay, refund
from huitou.shop.opinions import Feelings, Reviews, Surveys, feel, review, survey
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers, People, make_buyers, make_people
from huitou.shop.season import Season, Window


@dataclass(frozen=True)
class Shop:
    """What happened. ``purchases`` also says who is lost; ``rates`` are (nights, currencies), yuan a unit."""

    window: Window
    parameters: Parameters
    catalogue: Catalogue
    buyers: Buyers
    people: People
    purchases: Purchases
    orders: Orders
    lines: Lines
    totals: Totals
    payments: Payments
    refunds: Refunds
    feelings: Feelings
    reviews: Reviews
    surveys: Surveys
    consents: Consents
    rates: Floats


def make_shop(customers: int, window: Window, seed: int, p: Parameters) -> Shop:
    """Make a shop of ``customers`` accounts; the same arguments always make the same one."""
    season = Season(window, p)
    catalogue = make_catalogue(window, p, seed)
    buyers = make_buyers(customers, season, p, seed)
    people = make_people(buyers, season, p, seed)
    purchases = buy(buyers, season, seed)
    orders = fulfil(purchases, buyers, people, season, p, seed)
    purchases, kept = quit_after(purchases, anger(orders, p, seed), NOT_YET)
    orders = rows_of(orders, kept)
    rates = exchange_rates(window, p, seed)
    lines, totals = fill(orders, buyers, catalogue, season, rates, p, seed)
    feelings = feel(orders, lines, buyers, catalogue, p, seed)
    return Shop(
        window=window,
        parameters=p,
        catalogue=catalogue,
        buyers=buyers,
        people=people,
        purchases=purchases,
        orders=orders,
        lines=lines,
        totals=totals,
        payments=pay(orders, totals, p, seed),
        refunds=refund(orders, lines, totals, p, seed),
        feelings=feelings,
        reviews=review(orders, lines, feelings, p, seed),
        surveys=survey(orders, people, feelings, p, seed),
        consents=consent(buyers, people, season, p, seed),
        rates=rates,
    )
