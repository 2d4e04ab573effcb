"""A small shop, drawn from a seed: its customers, its orders, and opinions of them."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import psycopg

from factories.raw import RawFactory, noon

STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled")
CURRENCIES = ("CNY", "CNY", "USD", "JPY")
# The numbers of the seeds, written out once more: a basket's window, how long a customer is watched after a delivery, and
# after how long a case lapses.
BASKET_DAYS, WATCHED_DAYS, LAPSE_DAYS = 365, 62, 60
QUIET_ORDERS = 12


class DrawnShop:
    """The shop before its first build, in raw, and the draws that its nights go on with."""

    def __init__(self, connection: psycopg.Connection, seed: int, first: date) -> None:
        self.connection = connection
        self.raw = RawFactory(connection)
        self.draw = random.Random(seed)  # noqa: S311 (a shop to test with, nothing secret)
        self.first = first
        self.orders: dict[str, tuple[str, date, str]] = {}
        self.customers = [f"c{number}" for number in range(12)]
        self._numbers = 0

    def history(self, days: int) -> None:
        """What was there before the first build: customers, rates, and orders over ``days``."""
        for number, customer in enumerate(self.customers[:8]):
            self.raw.customer(customer, self.first - timedelta(days=40 * number))
        for currency in ("USD", "JPY"):
            for past in range(0, days, 15):
                self.raw.rate(currency, self.first - timedelta(days=days - past), f"{self.draw.uniform(5, 9):.4f}")
        for number in (1, 2):
            self.raw.insert("products", self.first, product_id=f"p{number}", category="tea")
        for _ in range(70):
            self.new_order(self.first - timedelta(days=self.draw.randrange(1, days)))
        for number in range(QUIET_ORDERS):
            for days in (BASKET_DAYS, WATCHED_DAYS):
                # No event ever chooses them: what becomes of them time does.
                told = {"promised_after": 0, "delivered_after": 0}
                ordered = self.first + timedelta(days=number - days)
                self.raw.order(f"quiet{days}_{number}", f"quiet{days}_{number}", ordered, status="delivered", **told)
            written = self.first + timedelta(days=number - LAPSE_DAYS)
            self.raw.review(f"quiet{number}", f"quiet{BASKET_DAYS}_{number}", written, 1)

    def opinions(self, days: int, deliveries: int = 100) -> list[str]:
        """Deliveries over ``days`` before the first build; of the late ones more are reviewed, so that weights differ.

        Returns the orders that were late.
        """
        late = []
        for number in range(deliveries):
            order_id, customer = f"o{self.number()}", self.draw.choice(self.customers)
            ordered = self.first - timedelta(days=self.draw.randrange(12, days))
            took = 5 if number % 2 else 1
            dates = {"promised_after": 2, "delivered_after": took}
            self.raw.order(order_id, customer, ordered, ((1, "9.00", "0"),), "delivered", channel="app", **dates)
            self.orders[order_id] = (customer, ordered, "CNY")
            if took == 5:
                late.append(order_id)
            if self.draw.random() < (0.8 if took == 5 else 0.4):
                written = ordered + timedelta(days=self.draw.randrange(5, 12))
                self.raw.review(f"v{self.number()}", order_id, written, self.draw.randint(1, 5))
        return late

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def some_order(self) -> str:
        return self.draw.choice(sorted(self.orders))

    def version(self, day: date) -> datetime:
        return noon(day, 23) + timedelta(seconds=self.number())

    def new_order(self, day: date, ordered: date | None = None) -> None:
        order_id, customer = f"o{self.number()}", self.draw.choice(self.customers)
        status, currency = self.draw.choice(STATUSES), self.draw.choice(CURRENCIES)
        lines = [
            (self.draw.randint(1, 3), f"{self.draw.uniform(1, 90):.4f}", "0.50") for _ in range(self.draw.randrange(3))
        ]
        took = self.draw.choice([None, 1, 3]) if status == "delivered" else None
        when = ordered or day
        self.raw.order(
            order_id,
            customer,
            when,
            lines,
            status,
            known=day,
            currency=currency,
            channel=self.draw.choice(["app", "store", None]),
            promised_after=2,
            delivered_after=took,
        )
        self.orders[order_id] = (customer, when, currency)

    def firsts(self) -> list[str]:
        """Each customer's first order."""
        found: dict[str, tuple[date, str]] = {}
        for order_id, (customer, ordered, _) in self.orders.items():
            found[customer] = min((ordered, order_id), found.get(customer, (date.max, "")))
        return [order_id for _, order_id in found.values()]
