"""Rows of raw as ingest would leave them, written straight into the tables of one test's warehouse."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from huitou.sources.contract import contracts

ZONE = ZoneInfo("Asia/Shanghai")
Money = Decimal | str | int


def noon(day: date | str, hour: int = 12) -> datetime:
    """A moment of a shop-local day."""
    text = day if isinstance(day, str) else day.isoformat()
    return datetime.fromisoformat(text).replace(hour=hour, tzinfo=ZONE)


class RawFactory:
    """Inserts records of one source. Every record is known to the platform on its own day unless ``known`` says else."""

    def __init__(self, connection: psycopg.Connection, source: str = "shop") -> None:
        self.connection = connection
        self.source = source
        self._numbers = itertools.count(1)

    def insert(self, feed: str, known: date, version: datetime | None = None, **values: Any) -> None:
        """One row of ``feed`` with the provenance that ingest writes."""
        row = values | {
            "_source": self.source,
            "_version": version or noon(known, 23),
            "_business_date": known,
            "_file_id": 0,
            "_line": next(self._numbers),
        }
        contract = contracts()[feed]
        self.connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(contract.room, feed),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )
        if contract.room == "raw":
            key = [str(row[name]) for name in contract.key]
            self.connection.execute(
                "insert into landing.changes (feed, source, key, day) values (%s, %s, %s, %s)",
                (feed, self.source, key, known),
            )

    def identity(self, customer_id: str, person: str | None = None) -> str:
        """Make the account known and return its person's key."""
        row = self.connection.execute(
            """
            with key as (select vault.customer_key(%(source)s, %(person)s) as customer_key),
            added as (
                insert into vault.identities (source, customer_id, customer_key, stated)
                select %(source)s, %(id)s, customer_key, %(stated)s from key
                on conflict do nothing
            )
            select coalesce((
                select customer_key from vault.identities where source = %(source)s and customer_id = %(id)s
            ), (select customer_key from key))
            """,
            {
                "source": self.source,
                "id": customer_id,
                "person": person or customer_id,
                "stated": person is not None,
            },
        ).fetchone()
        assert row is not None
        return str(row[0])

    def merge(self, customer_id: str, survivor: str | None, since: date) -> None:
        """From a day on the account's person is that of another account, or again its own."""
        values = {"l": self.identity(customer_id), "w": survivor and self.identity(survivor), "s": since}
        self.connection.execute(
            "insert into vault.person_keys select %(l)s, n, d, k from nextval('vault.recordings') as n,"
            " (values (date '0001-01-01', null), (%(s)s::date, %(w)s)) as v (d, k)",
            values,
        )

    def customer(
        self, customer_id: str, day: date, person: str | None = None, known: date | None = None, **values: Any
    ) -> str:
        """A registered account; returns the customer key."""
        key = self.identity(customer_id, person)
        given = {"registered_at": noon(day), "person_id": person} | values
        self.insert("customers", known or day, customer_id=customer_id, **given)
        return key

    def order(
        self,
        order_id: str,
        customer_id: str,
        day: date,
        lines: Iterable[tuple[int, Money, Money]] = ((1, "100.00", "0"),),
        status: str = "paid",
        known: date | None = None,
        **values: Any,
    ) -> str:
        """An order with its lines, each (quantity, unit price, line discount); returns the customer key.

        ``delivered_after=n`` delivers it n days later, ``promised_after=n`` promises that.
        """
        key = self.identity(customer_id)
        for column, after in (("delivered_at", "delivered_after"), ("promised_at", "promised_after")):
            if (days := values.pop(after, None)) is not None:
                values[column] = noon(day + timedelta(days=days))
        given = {"ordered_at": noon(day), "currency": "CNY"} | values
        self.insert("orders", known or day, order_id=order_id, customer_id=customer_id, status=status, **given)
        for number, (quantity, price, discount) in enumerate(lines, start=1):
            self.insert(
                "order_lines",
                known or day,
                order_id=order_id,
                line_no=number,
                product_id=f"p{number}",
                quantity=quantity,
                unit_price=price,
                discount=discount,
            )
        return key

    def refund(
        self, refund_id: str, order_id: str, day: date, amount: Money, currency: str = "CNY", known: date | None = None
    ) -> None:
        self.insert(
            "refunds",
            known or day,
            refund_id=refund_id,
            order_id=order_id,
            refunded_at=noon(day),
            amount=amount,
            currency=currency,
        )

    def review(
        self, review_id: str, order_id: str, day: date, score: int, known: date | None = None, **values: Any
    ) -> None:
        given = {"created_at": noon(day)} | values
        self.insert("reviews", known or day, review_id=review_id, order_id=order_id, score=score, **given)

    def answer(
        self,
        response_id: str,
        customer_id: str,
        day: date,
        metric: str,
        score: int,
        dimension: str = "overall",
        known: date | None = None,
        order_id: str | None = None,
    ) -> str:
        """One answer to one question of a survey; returns the customer key."""
        self.insert(
            "survey_responses",
            known or day,
            response_id=response_id,
            order_id=order_id,
            customer_id=customer_id,
            metric=metric,
            dimension=dimension,
            score=score,
            answered_at=noon(day),
        )
        return self.identity(customer_id)

    def rate(self, currency: str, day: date, rate: Money, known: date | None = None) -> None:
        self.insert("exchange_rates", known or day, currency=currency, rate_date=day, rate=rate)
