"""A shop in raw whose customers search, pay, and buy by category: enough of them for habits, rules and clusters."""

from __future__ import annotations

import random
from datetime import date, timedelta

import psycopg

from factories.raw import RawFactory, noon
from factories.raw_world import LAST_DAY

CATEGORIES = {f"p{n}": ("tea", "cups", "books", None)[n % 4] for n in range(1, 25)}
TERMS = ("tea", "Ｔｅａ ", "tea  pot", "cup", "book", "13 moons", "call [phone]")
METHODS = ("alipay", "wechat_pay", "cash")
PERSONAL = {
    "birthday": "06-18",
    "city": "乌鲁木齐",
    "region": "新疆",
    "phone": "a" * 64,
    "email": "b" * 64,
    "name": "c" * 64,
}


def fill_demand(connection: psycopg.Connection, seed: int = 5, customers: int = 140) -> RawFactory:
    """Orders, payments, searches, consents and answers of 400 days up to LAST_DAY."""
    draw = random.Random(seed)  # noqa: S311 (a shop to test with, nothing secret)
    raw = RawFactory(connection)
    for product, category in CATEGORIES.items():
        raw.insert("products", date(2025, 1, 1), product_id=product, name=f"Product {product}", category=category)
    for days in range(0, (LAST_DAY - date(2025, 1, 1)).days, 10):
        raw.rate("USD", date(2025, 1, 1) + timedelta(days=days), "7.1234")
    for number in range(customers):
        _customer(raw, draw, number)
    for number in range(600):
        _visit(raw, draw, f"v{number}", f"c{draw.randrange(customers)}")
    # Only one person ever searched for it.
    for day in range(5):
        _search(raw, f"own{day}", "my own name", LAST_DAY - timedelta(days=day), "c1", f"own{day}")
    return raw


def _customer(raw: RawFactory, draw: random.Random, number: int) -> None:
    customer, registered = f"c{number}", LAST_DAY - timedelta(days=400 + draw.randrange(100))
    raw.customer(customer, registered, **PERSONAL)
    for channel in ("sms", "email"):
        action = draw.choice(["opt_in", "opt_in", "opt_out", None])
        if action:
            raw.insert(
                "consent_events",
                registered,
                event_id=f"{customer}{channel}",
                customer_id=customer,
                channel=channel,
                purpose="marketing",
                action=action,
                occurred_at=noon(registered),
            )
    liked = draw.choice(["tea", "cups", "books"])
    for order in range(draw.choice([0, 1, 1, 2, 3, 6, 12])):
        _order(raw, draw, f"{customer}o{order}", customer, liked)


def _order(raw: RawFactory, draw: random.Random, order_id: str, customer: str, liked: str) -> None:
    day = LAST_DAY - timedelta(days=draw.randrange(400))
    status = draw.choice(["paid", "delivered", "delivered", "delivered", "cancelled"])
    header = {"currency": draw.choice(["CNY", "CNY", "USD", "GBP"]), "channel": draw.choice(["online", "store"])}
    header |= {"discount": draw.choice([None, None, "3.33"]), "updated_at": None}
    raw.insert(
        "orders",
        day,
        order_id=order_id,
        customer_id=customer,
        ordered_at=noon(day, draw.choice([9, 20, 20])),
        status=status,
        **header,
    )
    mine = [p for p, category in CATEGORIES.items() if category == liked]
    chosen = [draw.choice(mine if draw.random() < 0.7 else list(CATEGORIES)) for _ in range(draw.randint(1, 4))]
    if draw.random() < 0.3:
        chosen += ["p1", "p2"]
    for number, product in enumerate(chosen, start=1):
        raw.insert(
            "order_lines",
            day,
            order_id=order_id,
            line_no=number,
            product_id=product,
            quantity=draw.randint(1, 3),
            unit_price=f"{int(product[1:]) * draw.uniform(3, 4):.4f}",
            discount=draw.choice([None, None, "1.50"]),
        )
    raw.insert(
        "payments",
        day,
        order_id=order_id,
        payment_no=1,
        method=draw.choice(METHODS[:1] + METHODS),
        amount="10.00",
        currency=header["currency"],
        paid_at=noon(day),
    )
    if order_id.endswith("0"):
        split = {"method": "points", "amount": "1.25", "currency": "CNY", "paid_at": noon(day)}
        raw.insert("payments", day, order_id=order_id, payment_no=2, **split)
    if draw.random() < 0.5:
        raw.review(f"r{order_id}", order_id, day, draw.randint(1, 5))


def _visit(raw: RawFactory, draw: random.Random, visit: str, customer: str) -> None:
    day = LAST_DAY - timedelta(days=draw.randrange(100))
    known = draw.random() < 0.8
    for number in range(draw.randint(1, 3)):
        # Some sign in only after they searched.
        by = customer if known and number else None
        _search(raw, visit, draw.choice(TERMS), day, by, f"{visit}e{number}", hour=8 + number)
    if known and draw.random() < 0.4:
        order_id, later = f"{visit}o", day + timedelta(days=draw.choice([0, 1]))
        moment = noon(later, draw.choice([8, 11]))
        values = {"customer_id": customer, "ordered_at": moment, "status": "paid", "currency": "CNY"}
        raw.insert("orders", later, order_id=order_id, **values)
        line = {"line_no": 1, "product_id": "p4", "quantity": 1, "unit_price": "12.00"}
        raw.insert("order_lines", later, order_id=order_id, **line)


def _search(
    raw: RawFactory, visit: str, words: str, day: date, customer: str | None, event: str, hour: int = 12
) -> None:
    raw.insert(
        "behaviour_events",
        day,
        event_id=event,
        customer_id=customer,
        session_id=visit,
        device="app",
        action="search",
        words=words,
        occurred_at=noon(day, hour),
    )
