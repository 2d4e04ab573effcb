"""A shop in raw with parcels, returns, tickets and reviews, odd ones among them."""

from __future__ import annotations

import random
from datetime import date, timedelta

import psycopg

from factories.raw import RawFactory, noon
from factories.raw_world import LAST_DAY

PRODUCTS = {f"p{n}": ("tea", "cups", "books", None)[n % 4] for n in range(1, 13)}
BAD_PRODUCT = "p5"
CARRIERS = ("swift", "slow", None)
# What reviews say, and the class of what they complain of.
REVIEW_TEXTS = {
    "质量太差": "product",
    "物流太慢了": "delivery",
    "客服态度很差": "after_sale",
    "物流慢，质量也很差": "product",
    "质量很好": None,
    "不推荐": None,
    None: None,
}
STEPS = ("replied", "waiting_for_customer", "customer_replied", "resolved", "reopened", "closed")


def fill_service(connection: psycopg.Connection, seed: int = 3, orders: int = 260) -> RawFactory:
    """Orders of 200 days up to LAST_DAY with all that followed them."""
    draw = random.Random(seed)  # noqa: S311 (a shop to test with, nothing secret)
    raw = RawFactory(connection)
    for product, category in PRODUCTS.items():
        raw.insert("products", date(2025, 1, 1), product_id=product, name=product, category=category)
    for number in range(orders):
        _order(raw, draw, f"o{number}", f"c{draw.randrange(70)}")
    _odd(raw)
    return raw


def _order(raw: RawFactory, draw: random.Random, order: str, customer: str) -> None:
    day = LAST_DAY - timedelta(days=draw.randrange(200))
    raw.identity(customer)
    took, promised = draw.choice([1, 2, 3, 4, 6]), draw.choice([3, 3, None])
    delivered = draw.random() < 0.85 and day + timedelta(days=took) <= LAST_DAY
    header = {"customer_id": customer, "ordered_at": noon(day), "currency": "CNY"}
    header |= {"promised_at": noon(day + timedelta(days=promised)) if promised else None}
    header |= {"delivered_at": noon(day + timedelta(days=took)) if delivered else None}
    raw.insert("orders", day, order_id=order, status="delivered" if delivered else "shipped", **header)
    lines = draw.sample(sorted(PRODUCTS), draw.choice([1, 1, 2]))
    for number, product in enumerate(lines, start=1):
        line = {"line_no": number, "product_id": product, "quantity": draw.randint(1, 3), "unit_price": "10.00"}
        raw.insert("order_lines", day, order_id=order, seller_id=draw.choice(["v", "w", None]), **line)
    for parcel in range(draw.choice([0, 1, 1, 2])):
        values = {"carrier": draw.choice(CARRIERS), "region": draw.choice(["north", "south"])}
        arrived = noon(day + timedelta(days=took)) - timedelta(hours=parcel) if delivered else None
        status = "delivered" if delivered else "in_transit"
        values |= {"shipped_at": noon(day), "delivered_at": arrived, "status": status}
        raw.insert("deliveries", day, delivery_id=f"{order}d{parcel}", order_id=order, **values)
    if delivered:
        _after(raw, draw, order, customer, day + timedelta(days=took), lines)


def _after(raw: RawFactory, draw: random.Random, order: str, customer: str, day: date, lines: list[str]) -> None:
    def later() -> date:
        return min(day + timedelta(days=draw.randrange(10)), LAST_DAY)

    if draw.random() < 0.6:
        bad = BAD_PRODUCT in lines
        answered = noon(later()) if draw.random() < 0.5 else None
        body = list(REVIEW_TEXTS)[sum(map(ord, order)) % len(REVIEW_TEXTS)]
        values = {"product_id": draw.choice([lines[0], None]), "answered_at": answered, "body": body}
        raw.review(f"{order}r", order, later(), draw.choice([1, 1, 2]) if bad else draw.randint(1, 5), **values)
    if draw.random() < 0.2:
        values = {"kind": draw.choice(["refund", "exchange", "repair", None]), "units": draw.randint(1, 4)}
        values |= {"reason": draw.choice(["quality", "damaged", "wrong_size", None])}
        values |= {"status": draw.choice(["requested", "rejected", "completed"]), "requested_at": noon(later())}
        raw.insert("returns", LAST_DAY, return_id=f"{order}b", order_id=order, line_no=1, **values)
    if draw.random() < 0.4:
        raw.answer(f"{order}s", customer, later(), "csat", draw.randint(1, 5), draw.choice(["product", "service"]))
    if draw.random() < 0.35:
        _ticket(raw, draw, f"{order}t", order, customer, later())


def _ticket(raw: RawFactory, draw: random.Random, ticket: str, order: str, customer: str, day: date) -> None:
    values = {
        "class": draw.choice(["product", "delivery", "site"]),
        "kind": draw.choice(["complaint", "question", None]),
    }
    values |= {"priority": draw.choice(["urgent", "normal", None]), "status": "open", "opened_at": noon(day, 10)}
    raw.insert("tickets", day, ticket_id=ticket, customer_id=customer, order_id=order, **values)
    moment = noon(day, 10)
    for number in range(draw.randint(0, 5)):
        moment += timedelta(hours=draw.choice([1, 5, 30]))
        if moment.date() <= LAST_DAY:
            step = {"event_id": f"{ticket}{number}", "ticket_id": ticket, "action": draw.choice(STEPS)}
            raw.insert("ticket_events", moment.date(), occurred_at=moment, **step)


def _odd(raw: RawFactory) -> None:
    """A ticket closed before it opened, a step and a return of nobody's, a delivery before its order."""
    given = {"customer_id": "c1", "class": "site", "kind": "complaint", "status": "closed", "priority": "high"}
    raw.insert("tickets", LAST_DAY, ticket_id="odd", opened_at=noon(LAST_DAY), **given)
    closed = noon(LAST_DAY - timedelta(days=1))
    raw.insert("ticket_events", LAST_DAY, event_id="odd", ticket_id="odd", action="closed", occurred_at=closed)
    stray = {"event_id": "stray", "ticket_id": "nobody's", "action": "closed"}
    raw.insert("ticket_events", LAST_DAY, occurred_at=closed, **stray)
    back = {"return_id": "stray", "order_id": "nobody's", "line_no": 1, "units": 1, "status": "requested"}
    raw.insert("returns", LAST_DAY, requested_at=noon(LAST_DAY), **back)
    raw.order("early", "c1", LAST_DAY - timedelta(days=20), status="delivered", delivered_after=-3, promised_after=3)
