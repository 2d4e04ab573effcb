"""A small shop in raw, drawn from a seed, with the awkward cases in it."""

from __future__ import annotations

import random
from datetime import date, timedelta

import psycopg

from factories.raw import RawFactory, noon

LAST_DAY = date(2026, 6, 30)
STATUSES = ("placed", "paid", "shipped", "delivered", "delivered", "delivered", "cancelled")
CURRENCIES = ("CNY", "CNY", "CNY", "USD", "JPY", "GBP")


def fill(connection: psycopg.Connection, seed: int = 7, customers: int = 40, orders: int = 160) -> RawFactory:
    """Orders over 500 days up to LAST_DAY; GBP has no rate at all, USD none before the year's first day.

    JPY has one every 30 days, so that most of its orders find none that is young enough.
    """
    draw = random.Random(seed)  # noqa: S311 (a shop to test with, nothing secret)
    raw = RawFactory(connection)
    for number in range(customers):
        person = f"person{number // 2}" if number < 6 else None
        raw.customer(f"c{number}", LAST_DAY - timedelta(days=draw.randrange(600)), person=person)
    for currency, first, step in (("USD", date(2026, 1, 1), 3), ("JPY", date(2025, 1, 1), 30)):
        for days in range(0, (LAST_DAY - first).days, step):
            rate = f"{draw.uniform(7, 7.4):.4f}" if currency == "USD" else f"{draw.uniform(0.045, 0.05):.6f}"
            raw.rate(currency, first + timedelta(days=days), rate)
    for number in range(orders):
        _order(raw, draw, number, f"c{int(draw.paretovariate(1.2)) % customers}")
    for number in range(60):
        day = LAST_DAY - timedelta(days=draw.randrange(120))
        metric, dimension, top = draw.choice([("csat", "site", 5), ("nps", "overall", 10), ("ces", "service", 7)])
        raw.answer(f"s{number}", f"c{draw.randrange(customers)}", day, metric, draw.randint(1, top), dimension)
    raw.answer("off_the_scale", "c1", LAST_DAY, "csat", 9)
    # Told ahead of its day: known, but not yet of the night.
    raw.refund("ahead", "o1", LAST_DAY + timedelta(days=1), "1.00", known=LAST_DAY)
    raw.review("ahead", "o1", LAST_DAY + timedelta(days=1), 1, known=LAST_DAY)
    raw.answer("ahead", "c1", LAST_DAY + timedelta(days=1), "nps", 0, known=LAST_DAY)
    _cancelled_lines(raw, LAST_DAY)
    _known_later(raw, LAST_DAY + timedelta(days=1))
    return raw


def _cancelled_lines(raw: RawFactory, night: date) -> None:
    """Newer versions without units, on which a discount and shipping were left standing."""
    for number in range(1, 90, 4):
        left = {"unit_price": "8.00", "discount": "5.50", "shipping": "1.00"}
        raw.insert("order_lines", night, order_id=f"o{number}", line_no=1, product_id="p1", quantity=0, **left)


def _known_later(raw: RawFactory, night: date) -> None:
    """What the platform learns about LAST_DAY and before only when a later night closes."""
    for number in range(0, 30, 3):
        order_id, moment = f"o{number}", noon(LAST_DAY - timedelta(days=number))
        values = {"customer_id": f"c{number}", "ordered_at": moment, "status": "paid", "currency": "CNY"}
        raw.insert("orders", night, order_id=order_id, **values)
        raw.insert("order_lines", night, order_id=order_id, line_no=1, product_id="p1", quantity=9, unit_price="99.00")
        raw.refund(f"later{number}", order_id, LAST_DAY, "1.11", known=night)
        raw.review(f"later{number}", order_id, LAST_DAY, 1, known=night)


def _order(raw: RawFactory, draw: random.Random, number: int, customer: str) -> None:
    day = LAST_DAY - timedelta(days=draw.randrange(500))
    status, currency = draw.choice(STATUSES), draw.choice(CURRENCIES)
    order_id = f"o{number}"
    lines = [
        (draw.randint(1, 4), f"{draw.uniform(1, 300):.4f}", f"{draw.choice([0, 0, 5.5]):.2f}")
        for _ in range(draw.randint(0, 3))
    ]
    took = draw.choice([2, 3, 5, None]) if status == "delivered" else None
    promised = draw.choice([3, 3, None])
    dates = {"promised_after": promised, "delivered_after": took}
    raw.order(order_id, customer, day, lines, status, currency=currency, discount=draw.choice([None, "3.00"]), **dates)
    if draw.random() < 0.2:
        # A later version that only a later night knows.
        raw.insert(
            "orders",
            day + timedelta(days=1),
            order_id=order_id,
            customer_id=customer,
            ordered_at=noon(day),
            status=draw.choice(STATUSES),
            currency=currency,
        )
    for refund in range(draw.choice([0, 0, 0, 1, 2])):
        paid_back_on = day + timedelta(days=draw.randrange(40))
        raw.refund(f"r{number}_{refund}", order_id, paid_back_on, f"{draw.uniform(0.01, 40):.2f}", currency)
    for review in range(draw.choice([0, 1, 1, 2])):
        raw.review(f"v{number}_{review}", order_id, day + timedelta(days=draw.randrange(30)), draw.randint(1, 5))
