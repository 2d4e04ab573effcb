"""Nights of a small shop, drawn from a seed: what comes new, late, corrected, and what is taken back."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from factories.drawn_sales import DrawnSales
from factories.raw import noon
from huitou.transform.state import feeds_read
from huitou.value.cluster_fits import ClusterFit, keep
from huitou.value.clusters import Clusters


class NightFactory(DrawnSales):
    """Draws nights and puts them into raw. ``night(day)`` does a handful of ``EVENTS`` that become known that day."""

    def night(self, day: date, events: int = 9) -> None:
        for event in [self.draw.choice(EVENTS) for _ in range(events)]:
            getattr(self, event)(day)

    def refund(self, day: date) -> None:
        order_id = self.some_order()
        back = day - timedelta(days=self.draw.randrange(-2, 15))
        currency = self.draw.choice([self.orders[order_id][2], "USD"])
        self.raw.refund(f"r{self.number()}", order_id, back, f"{self.draw.uniform(0.01, 9):.2f}", currency, known=day)

    def refund_before_its_order(self, day: date) -> None:
        number = self.number()
        self.raw.refund(f"r{number}", f"o{number + 5}", day, "1.50")

    def review(self, day: date) -> None:
        """With a reply or without one, which may be known ahead of its day."""
        written = day - timedelta(days=self.draw.randrange(-1, 30))
        values = {"body": self.draw.choice([None, "物流太慢，等了一周才到", "Broke after two days"])}
        values |= {"answered_at": self.draw.choice([None, noon(day + timedelta(days=self.draw.randrange(-1, 4)))])}
        self.raw.review(f"v{self.number()}", self.some_order(), written, self.draw.randint(1, 5), known=day, **values)

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

    def request(self, day: date) -> None:
        """Somebody is asked what he thinks, about an order or about none; every other one answers."""
        request_id, customer = f"q{self.number()}", self.draw.choice(self.customers)
        about = self.draw.choice([None, *[self.some_order()] * 3])
        asked = noon(day - timedelta(days=self.draw.randrange(-1, 20)))
        self.raw.insert(
            "survey_requests", day, request_id=request_id, customer_id=customer, order_id=about, asked_at=asked
        )
        if self.draw.random() < 0.5:
            self.raw.answer(request_id, customer, day, "csat", self.draw.randint(1, 5), known=day, order_id=about)

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

    def step(self, day: date) -> None:
        """A step alone: late, ahead of its time, before the opening, or of a ticket that nobody knows yet."""
        actions = ["replied", "waiting_for_customer", "customer_replied", "resolved", "reopened", "closed"]
        moment = noon(day - timedelta(days=self.draw.randrange(-1, 12)), self.draw.randint(8, 20))
        step = {"event_id": f"e{self.number()}", "ticket_id": f"t{self.draw.randrange(12)}"}
        self.raw.insert("ticket_events", day, occurred_at=moment, action=self.draw.choice(actions), **step)

    def step_of_another_ticket(self, day: date) -> None:
        """Another content took the place of a step in raw."""
        self.connection.execute(
            "update raw.ticket_events set ticket_id = %s where event_id = (select min(event_id) from raw.ticket_events)",
            (f"t{self.draw.randrange(12)}",),
        )

    def clusters(self, day: date) -> None:
        """Other centres, of this date; as a week closes the build finds none of its own and takes them away."""
        names = ["recency", "frequency", "order_value", "discount", "price_level"]
        centres = np.array([[self.draw.uniform(-2, 2) for _ in names] for _ in range(3)])
        mean = np.array([self.draw.uniform(0, 2) for _ in names])
        found = Clusters(centres, np.array([3, 3, 3]), np.array([0.5, 0.5, 0.5]), 0.5)
        keep(self.connection, ClusterFit(day, "accepted", None, 9, 3, 0.5), found, names, (mean, np.ones(len(names))))

    def forgotten_rows(self, day: date) -> None:
        """A mended mapping takes rows back."""
        feed = self.draw.choice(sorted(feeds_read()))
        self.connection.execute(
            f"delete from raw.{feed} where _line % 17 = {self.draw.randrange(17)} and _line % 3 = 0".encode()
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
    *(["parcel", "goods_back", "ticket", "step", "request"] * 2),
    "step_of_another_ticket",
    "clusters",
    "changed_product",
    "merge",
    "forgotten_rows",
    "corrected_in_place",
)
