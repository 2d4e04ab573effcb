"""Nights of a small shop, drawn from a seed: what comes new, late, corrected, and what is taken back."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import psycopg

from factories.raw import RawFactory, noon
from huitou.transform.state import feeds_read

STATUSES = ("placed", "paid", "shipped", "delivered", "cancelled")
CURRENCIES = ("CNY", "CNY", "USD", "JPY")


class NightFactory:
    """Draws nights and puts them into raw. ``night(day)`` does a handful of ``EVENTS`` that become known that day."""

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

    def night(self, day: date, events: int = 9) -> list[str]:
        """The names of the events that came."""
        chosen = [self.draw.choice(EVENTS) for _ in range(events)]
        for event in chosen:
            getattr(self, event)(day)
        return chosen

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

    def late_order(self, day: date) -> None:
        self.new_order(day, day - timedelta(days=self.draw.randrange(1, 40)))

    def order_ahead_of_its_time(self, day: date) -> None:
        self.new_order(day, day + timedelta(days=self.draw.randrange(1, 4)))

    def late_file(self, day: date) -> None:
        """Known as of a night long built."""
        self.new_order(day - timedelta(days=self.draw.randrange(1, 20)))

    def changed_order(self, day: date) -> None:
        """Another status, and now and then another customer, day or currency."""
        order_id = self.some_order()
        customer, ordered, currency = self.orders[order_id]
        if self.draw.random() < 0.2:
            customer = self.draw.choice(self.customers)
            ordered -= timedelta(days=self.draw.randrange(3))
            currency = self.draw.choice(CURRENCIES)
            self.orders[order_id] = (customer, ordered, currency)
        status = self.draw.choice(STATUSES)
        dates = (
            {"delivered_at": noon(day + timedelta(days=self.draw.randrange(-2, 2)))} if status == "delivered" else {}
        )
        self.raw.identity(customer)
        self.raw.insert(
            "orders",
            day,
            self.version(day),
            order_id=order_id,
            customer_id=customer,
            ordered_at=noon(ordered),
            status=status,
            currency=currency,
            promised_at=noon(ordered + timedelta(days=2)),
            **dates,
        )

    def firsts(self) -> list[str]:
        """Each customer's first order."""
        found: dict[str, tuple[date, str]] = {}
        for order_id, (customer, ordered, _) in self.orders.items():
            found[customer] = min((ordered, order_id), found.get(customer, (date.max, "")))
        return [order_id for _, order_id in found.values()]

    def older_order(self, day: date, order_id: str) -> None:
        """An order of the same customer from before becomes known."""
        customer, ordered, _ = self.orders[order_id]
        self.raw.order(f"o{self.number()}", customer, ordered - timedelta(days=9), known=day)

    def given_to_another(self, day: date, order_id: str) -> None:
        """The record of an old order is mended: it was somebody else's."""
        self.orders[order_id] = (f"n{self.number()}", *self.orders[order_id][1:])
        self.raw.identity(self.orders[order_id][0])
        self.delivered_in_time(day, order_id)

    def delivered_in_time(self, day: date, order_id: str) -> None:
        """The record of an old delivery is mended."""
        customer, ordered, currency = self.orders[order_id]
        values = {"customer_id": customer, "ordered_at": noon(ordered), "status": "delivered", "channel": "app"}
        dates = {"promised_at": noon(ordered + timedelta(days=2)), "delivered_at": noon(ordered + timedelta(days=1))}
        self.raw.insert("orders", day, self.version(day), order_id=order_id, currency=currency, **values, **dates)

    def cancelled_last_order(self, day: date) -> None:
        customer = self.draw.choice(self.customers)
        mine = [(ordered, o) for o, (c, ordered, _) in self.orders.items() if c == customer]
        if mine:
            ordered, order_id = max(mine)
            values = {"customer_id": customer, "ordered_at": noon(ordered), "status": "cancelled"}
            currency = self.orders[order_id][2]
            self.raw.insert("orders", day, self.version(day), order_id=order_id, currency=currency, **values)

    def changed_line(self, day: date) -> None:
        self.raw.insert(
            "order_lines",
            day,
            self.version(day),
            order_id=self.some_order(),
            line_no=self.draw.randint(1, 2),
            product_id="p1",
            quantity=self.draw.randint(1, 4),
            unit_price=f"{self.draw.uniform(1, 90):.4f}",
        )

    def cancelled_line(self, day: date) -> None:
        """No units; a discount may be left standing on it."""
        line = {"order_id": self.some_order(), "line_no": self.draw.randint(1, 2), "product_id": "p1"}
        self.raw.insert("order_lines", day, self.version(day), quantity=0, unit_price="5.00", discount="0.50", **line)

    def line_before_its_order(self, day: date) -> None:
        order_id = f"early{self.number()}"
        values = {"product_id": "p1", "quantity": 1, "unit_price": "7.77"}
        self.raw.insert("order_lines", day, order_id=order_id, line_no=1, **values)
        if self.draw.random() < 0.7:
            customer = self.draw.choice(self.customers)
            known = day + timedelta(days=self.draw.randrange(3))
            self.raw.order(order_id, customer, day, (), known=known)
            self.orders[order_id] = (customer, day, "CNY")

    def refund(self, day: date) -> None:
        order_id = self.some_order()
        back = day - timedelta(days=self.draw.randrange(-2, 15))
        currency = self.draw.choice([self.orders[order_id][2], "USD"])
        self.raw.refund(f"r{self.number()}", order_id, back, f"{self.draw.uniform(0.01, 9):.2f}", currency, known=day)

    def refund_before_its_order(self, day: date) -> None:
        number = self.number()
        self.raw.refund(f"r{number}", f"o{number + 5}", day, "1.50")

    def review(self, day: date) -> None:
        written = day - timedelta(days=self.draw.randrange(-1, 30))
        self.raw.review(f"v{self.number()}", self.some_order(), written, self.draw.randint(1, 5), known=day)

    def changed_review(self, day: date) -> None:
        review_id, order_id = f"v{self.number()}", self.some_order()
        self.raw.review(review_id, order_id, day, 1)
        self.raw.insert(
            "reviews", day, self.version(day), review_id=review_id, order_id=order_id, score=5, created_at=noon(day)
        )

    def answer(self, day: date) -> None:
        metric, top = self.draw.choice([("csat", 5), ("nps", 10), ("ces", 7)])
        answered = day - timedelta(days=self.draw.randrange(-1, 20))
        customer, score = self.draw.choice(self.customers), self.draw.randint(0, top)
        about = self.draw.choice([None, self.some_order()])
        self.raw.answer(f"s{self.number()}", customer, answered, metric, score, known=day, order_id=about)

    def parcel(self, day: date) -> None:
        """Of some order; under way, or there at last. A second word on it may say that it was of another order."""
        number, carrier = self.draw.randrange(12), self.draw.choice(["swift", "slow", None])
        arrived = self.draw.choice([None, noon(day, 9)])
        status = "delivered" if arrived else "in_transit"
        values = {"order_id": self.some_order(), "carrier": carrier, "region": self.draw.choice(["north", "south"])}
        known = day - timedelta(days=self.draw.choice([0, 0, 9]))
        self.raw.insert(
            "deliveries",
            known,
            self.version(known),
            delivery_id=f"d{number}",
            status=status,
            delivered_at=arrived,
            **values,
        )

    def goods_back(self, day: date) -> None:
        """A request, new or changed; asked for lately, or ahead of its day."""
        values = {"kind": self.draw.choice(["refund", "repair", None]), "reason": self.draw.choice(["quality", None])}
        values |= {"status": self.draw.choice(["requested", "rejected", "completed"])}
        requested = noon(day - timedelta(days=self.draw.randrange(-2, 20)))
        self.raw.insert(
            "returns",
            day,
            self.version(day),
            return_id=f"b{self.draw.randrange(12)}",
            line_no=self.draw.randint(1, 2),
            order_id=self.some_order(),
            units=self.draw.randint(1, 4),
            requested_at=requested,
            **values,
        )

    def ticket(self, day: date) -> None:
        """New, or another version of one; some are resolved, and then or later opened again."""
        ticket_id = f"t{self.draw.randrange(12)}"
        opened = noon(day - timedelta(days=self.draw.randrange(-1, 30)), 9)
        values = {"kind": self.draw.choice(["complaint", "question"]), "class": self.draw.choice(["product", "site"])}
        values |= {"priority": self.draw.choice(["urgent", "normal"]), "status": "open"}
        values |= {"customer_id": self.draw.choice(self.customers), "order_id": self.some_order()}
        self.raw.insert("tickets", day, self.version(day), ticket_id=ticket_id, opened_at=opened, **values)
        for action in self.draw.sample(["replied", "resolved", "reopened"], self.draw.randrange(3)):
            moment = noon(day + timedelta(days=self.draw.choice([-1, 0, 1])), 15)
            step = {"event_id": f"e{self.number()}", "ticket_id": ticket_id, "action": action}
            self.raw.insert("ticket_events", day, occurred_at=moment, **step)

    def rate(self, day: date) -> None:
        back = self.draw.choice([0, 0, 0, 25])
        currency, rate = self.draw.choice(["USD", "JPY"]), f"{self.draw.uniform(5, 9):.4f}"
        version = self.version(day)
        self.raw.insert(
            "exchange_rates", day, version, currency=currency, rate_date=day - timedelta(days=back), rate=rate
        )

    def payment(self, day: date) -> None:
        number = self.number()
        method = self.draw.choice(["card", "wallet"])
        self.raw.insert(
            "payments",
            day,
            self.version(day),
            order_id=self.some_order(),
            payment_no=number,
            method=method,
            amount="1.00",
            currency="CNY",
        )

    def recategorised_product(self, day: date) -> None:
        category = self.draw.choice(["tea", "cups", None])
        product_id = self.draw.choice(["p1", "p2", "p3"])
        self.raw.insert("products", day, self.version(day), product_id=product_id, category=category)

    def registration_ahead_of_its_day(self, day: date) -> None:
        customer = f"ahead{self.number()}"
        self.raw.customer(customer, day + timedelta(days=self.draw.randrange(1, 4)), known=day)

    def registration(self, day: date) -> None:
        customer, version = self.draw.choice(self.customers), self.version(day)
        self.raw.identity(customer)
        registered = noon(day - timedelta(days=self.draw.randrange(30)))
        self.raw.insert("customers", day, version, customer_id=customer, registered_at=registered)

    def merge(self, day: date) -> None:
        """A new recording of one key's history: it has another person's key from a day on, or its own again."""
        loser, survivor = (self.raw.identity(c) for c in self.draw.sample(self.customers, 2))
        since = day + timedelta(days=self.draw.choice([-400, -3, 0, 0, 2]))
        person = survivor if self.draw.random() < 0.8 else None
        self.connection.execute(
            "insert into vault.person_keys select %(l)s, n, d, k from nextval('vault.recordings') as n,"
            " (values (date '0001-01-01', null), (%(s)s::date, %(w)s)) as v (d, k)",
            {"l": loser, "s": since, "w": person},
        )

    def forgotten_rows(self, day: date) -> None:
        """A mended mapping takes rows back."""
        feed = self.draw.choice(sorted(feeds_read()))
        self.connection.execute(
            f"delete from raw.{feed} where _line % 17 = {self.draw.randrange(17)} and _line % 3 = 0".encode()
        )

    def corrected_in_place(self, day: date) -> None:
        """Another content of the same key and version took the place in raw."""
        order_id = self.some_order()
        self.connection.execute(
            "update raw.orders set ordered_at = ordered_at - interval '2 days', status = 'paid' where order_id = %s",
            (order_id,),
        )


EVENTS = (
    *(["new_order"] * 4),
    "late_order",
    "late_file",
    "order_ahead_of_its_time",
    "changed_order",
    "changed_order",
    "cancelled_last_order",
    "changed_line",
    "cancelled_line",
    "line_before_its_order",
    "refund",
    "refund_before_its_order",
    "review",
    "changed_review",
    "answer",
    "rate",
    "registration",
    "registration_ahead_of_its_day",
    "payment",
    "payment",
    *(["parcel", "goods_back", "ticket"] * 2),
    "recategorised_product",
    "merge",
    "forgotten_rows",
    "corrected_in_place",
)
