"""The whole shop in memory: everything that happened, before any of it is written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import Floats, rows_of
from huitou.shop.baskets import Lines, Totals, exchange_rates, fill
from huitou.shop.browsing import Behaviour, browse
from huitou.shop.buying import Purchases, buy, quit_after
from huitou.shop.catalogue import Catalogue, make_catalogue
from huitou.shop.consent import Consents, consent
from huitou.shop.fulfilment import NOT_YET, Orders, anger, fulfil
from huitou.shop.ledger import Points
from huitou.shop.mailings import Receipts, mail
from huitou.shop.money import Payments, Refunds, pay, refund
from huitou.shop.opinions import Feelings, Reviews, Surveys, feel, review, survey
from huitou.shop.parameters import Parameters
from huitou.shop.parcels import Parcels, Returns, dispatch, send_back
from huitou.shop.people import Buyers, People, make_buyers, make_people
from huitou.shop.points import keep_points
from huitou.shop.season import Season, Window
from huitou.shop.service import Tickets, complain, disappointed, of_kept_orders


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
    tickets: Tickets
    parcels: Parcels
    returns: Returns
    behaviour: Behaviour
    points: Points
    receipts: Receipts


def make_shop(customers: int, window: Window, seed: int, p: Parameters) -> Shop:
    """Make a shop of ``customers`` accounts; the same arguments always make the same one."""
    season = Season(window, p)
    catalogue = make_catalogue(window, p, seed)
    buyers = make_buyers(customers, season, p, seed)
    people = make_people(buyers, season, p, seed)
    purchases = buy(buyers, season, seed)
    orders = fulfil(purchases, buyers, people, season, p, seed)
    tickets = complain(orders, p, seed)
    gone = np.minimum(anger(orders, p, seed), disappointed(orders, tickets, p))
    purchases, kept = quit_after(purchases, gone, NOT_YET)
    tickets = of_kept_orders(tickets, kept, len(orders.ordered))
    orders = rows_of(orders, kept)
    rates = exchange_rates(window, p, seed)
    lines, totals = fill(orders, buyers, catalogue, season, rates, p, seed)
    feelings = feel(orders, lines, buyers, catalogue, p, seed)
    refunds = refund(orders, lines, totals, p, seed)
    reviews = review(orders, lines, feelings, p, seed)
    consents = consent(buyers, people, season, p, seed)
    behaviour = browse(orders, lines, purchases, buyers, catalogue, season, p, seed)
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
        refunds=refunds,
        feelings=feelings,
        reviews=reviews,
        surveys=survey(orders, people, feelings, p, seed),
        consents=consents,
        rates=rates,
        tickets=tickets,
        parcels=dispatch(orders, lines, p, seed),
        returns=send_back(orders, lines, refunds, p, seed),
        behaviour=behaviour,
        points=keep_points(
            orders, totals, rates, refunds, reviews, tickets, behaviour, purchases, buyers, window, p, seed
        ),
        receipts=mail(consents, people, window, p, seed),
    )
