"""What happens to a drawn shop's orders, lines, rates, products and people in a night."""

from __future__ import annotations

from datetime import date, timedelta

from factories.drawn_shop import CURRENCIES, STATUSES, DrawnShop
from factories.raw import noon


class DrawnSales(DrawnShop):
    """An event a method; each becomes known on the day that it is given."""

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

    def changed_product(self, day: date) -> None:
        told = {"category": self.draw.choice(["tea", "cups", None]), "name": self.draw.choice(["Tea", "茶", None])}
        product_id = self.draw.choice(["p1", "p2", "p3"])
        self.raw.insert("products", day, self.version(day), product_id=product_id, **told)

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
        loser, survivor = self.draw.sample(self.customers, 2)
        since = day + timedelta(days=self.draw.choice([-400, -3, 0, 0, 2]))
        self.raw.merge(loser, survivor if self.draw.random() < 0.8 else None, since)

    def corrected_in_place(self, day: date) -> None:
        """Another content of the same key and version took the place in raw."""
        order_id = self.some_order()
        self.connection.execute(
            "update raw.orders set ordered_at = ordered_at - interval '2 days', status = 'paid' where order_id = %s",
            (order_id,),
        )
