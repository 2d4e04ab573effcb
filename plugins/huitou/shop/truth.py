"""What really happened, written where no pipeline looks: the answers that the platform's results are held to."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from huitou.shop.arrays import (
    DAY,
    NEVER,
    Bools,
    Ints,
    blank,
    text_code,
    text_day,
    text_id,
    text_instant,
    text_money,
    text_number,
)
from huitou.shop.baskets import in_yuan
from huitou.shop.customer_feeds import customer_number
from huitou.shop.drops import csv_bytes, pack
from huitou.shop.feed import Columns, Feed
from huitou.shop.fraud_feeds import FraudFeeds
from huitou.shop.imperfections import BAD, DUPLICATE, GOOD, MARKS, MENDED, RESENT, Rows
from huitou.shop.made import Shop
from huitou.shop.parameters import CURRENCIES
from huitou.shop.true_rates import true_rates
from huitou.shop.true_reviews import true_topics
from huitou.shop.true_service import true_balances, true_effects, true_tickets

Planned = list[tuple[Feed, Rows]]


def write_truth(folder: Path, shop: Shop, fraud: FraudFeeds, planned: Planned, arguments: dict[str, Any]) -> None:
    """Write all truth files into ``folder``."""
    folder.mkdir()
    tables = {
        "customers.csv": _customers(shop),
        "orders.csv.gz": _orders(shop),
        "fraud_accounts.csv": fraud.true_accounts(),
        "fraud_orders.csv": fraud.true_orders(),
        "tickets.csv.gz": true_tickets(shop),
        "review_topics.csv.gz": true_topics(shop),
        "points.csv": true_balances(shop),
        "sent.csv": _sent(shop, planned),
        "duplicates.csv": _gather([_duplicates(shop, feed, rows) for feed, rows in planned]),
        "late.csv": _gather([_late(shop, feed, rows) for feed, rows in planned]),
        "bad_rows.csv": _gather([_bad(shop, feed, rows) for feed, rows in planned]),
    }
    for name, columns in tables.items():
        plain = csv_bytes(columns)
        (folder / name).write_bytes(pack(plain) if name.endswith(".gz") else plain)
    for name, value in (
        ("rates.json", true_rates(shop)),
        ("effects.json", true_effects(shop)),
        ("parameters.json", arguments),
    ):
        text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
        (folder / name).write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the truth")


def _numbers(values: Any) -> Any:
    return pa.array([f"{value:.8g}" for value in values], pa.string())


def _yes(values: Bools) -> Any:
    return text_code(("false", "true"), values.astype(np.int64))


def _customers(shop: Shop) -> Columns:
    buyers, people, purchases = shop.buyers, shop.people, shop.purchases
    everyone = np.arange(len(buyers.registered))
    last = text_day(np.maximum(purchases.last, 0) // DAY)
    return {
        "customer_id": customer_number(shop, everyone),
        "registered_at": text_instant(buyers.registered),
        "lambda_per_day": _numbers(buyers.rate),
        "p": _numbers(buyers.dropout),
        "expected_order_value_cny": _numbers(buyers.spend),
        "last_purchase_on": blank(last, purchases.last < 0),
        "lost": _yes(purchases.lost),
        "lost_on": blank(last, ~purchases.lost),
        "orders_in_window": text_number(np.bincount(shop.orders.customer, minlength=len(everyone))),
        "shares_phone_with": _number_or_null(shop, people.shares),
        "same_person_as": _number_or_null(shop, people.twin),
    }


def _number_or_null(shop: Shop, customer: Ints) -> Any:
    return blank(customer_number(shop, np.maximum(customer, 0)), customer < 0)


def _orders(shop: Shop) -> Columns:
    orders, totals = shop.orders, shop.totals
    count = len(orders.ordered)
    happened = np.where(orders.events < shop.window.closes, orders.events, NEVER)
    state = np.where(happened >= 0, np.arange(happened.shape[1]), 0).max(axis=1, initial=0)
    returned = shop.refunds.refunded < shop.window.closes
    refunded = np.zeros(count, dtype=np.int64)
    refunded[shop.refunds.order[returned]] = shop.refunds.cents[returned]
    return {
        "order_id": text_id("D", np.arange(count), 10),
        "customer_id": customer_number(shop, orders.customer),
        "ordered_at": text_instant(orders.ordered),
        "first_sent": text_day(orders.known + shop.window.first),
        "status": text_code(("placed", "paid", "shipped", "delivered", "cancelled"), state),
        "currency": text_code(CURRENCIES, orders.currency),
        "total": text_money(totals.total),
        "total_cny": text_money(in_yuan(totals.total, orders, shop.rates, shop.window)),
        "paid": text_money(np.where(happened[:, 1] >= 0, totals.total, 0)),
        "refunded": text_money(refunded),
        "late": _yes(orders.late & (happened[:, 3] >= 0)),
        "feeling": _numbers(shop.feelings.overall),
    }


def _sent(shop: Shop, planned: Planned) -> Columns:
    """Per night and file, how many rows of each mark; their sum is the file's row count."""
    nights = shop.window.nights
    parts = []
    for feed, rows in planned:
        counts = np.zeros((nights, len(MARKS)), dtype=np.int64)
        np.add.at(counts, (rows.night, rows.mark), 1)
        parts.append(
            {
                "night": text_day(np.arange(nights) + shop.window.first),
                "file": pa.array([feed.file] * nights, pa.string()),
                "rows": text_number(counts.sum(axis=1)),
                **{word: text_number(counts[:, mark]) for mark, word in enumerate(MARKS)},
            }
        )
    return _gather(parts)


def _where(shop: Shop, feed: Feed, rows: Rows, chosen: Ints) -> Columns:
    """Where rows stand and which record each shows; the key in the file's own words, as it should have been."""
    columns = feed.columns(rows.record[chosen])
    keys = zip(*(columns[name].cast(pa.string()).to_pylist() for name in feed.key), strict=True)
    return {
        "night": text_day(rows.night[chosen] + shop.window.first),
        "file": pa.array([feed.file] * len(chosen), pa.string()),
        "line": text_number(rows.line[chosen]),
        "key": pa.array(["|".join(key) for key in keys], pa.string()),
    }


def _duplicates(shop: Shop, feed: Feed, rows: Rows) -> Columns:
    chosen = np.flatnonzero(np.isin(rows.mark, (DUPLICATE, RESENT)))
    first = _first_rows(feed, rows)[rows.record[chosen]]
    return {
        **_where(shop, feed, rows, chosen),
        "kind": text_code(MARKS, rows.mark[chosen]),
        "first_night": text_day(rows.night[first] + shop.window.first),
        "first_line": text_number(rows.line[first]),
    }


def _first_rows(feed: Feed, rows: Rows) -> Ints:
    """Per record, the row in which it was first sent."""
    first = np.full(len(feed.night), NEVER)
    base = np.flatnonzero(np.isin(rows.mark, (GOOD, BAD)))
    first[rows.record[base]] = base
    return first


def _late(shop: Shop, feed: Feed, rows: Rows) -> Columns:
    chosen = np.flatnonzero(np.isin(rows.mark, (GOOD, BAD)) & (feed.late_by[rows.record] > 0))
    return {
        **_where(shop, feed, rows, chosen),
        "happened_on": text_day(feed.instant[rows.record[chosen]] // DAY),
        "nights_late": text_number(feed.late_by[rows.record[chosen]]),
    }


def _bad(shop: Shop, feed: Feed, rows: Rows) -> Columns:
    chosen = np.flatnonzero(rows.mark == BAD)
    flaws = [feed.flaws[flaw] for flaw in rows.flaw[chosen]]
    mended = np.full(len(feed.night), NEVER)
    again = np.flatnonzero(rows.mark == MENDED)
    mended[rows.record[again]] = rows.night[again]
    night = mended[rows.record[chosen]]
    return {
        **_where(shop, feed, rows, chosen),
        "reason": pa.array([flaw.reason for flaw in flaws], pa.string()),
        "column": pa.array([flaw.column for flaw in flaws], pa.string()),
        "mended_on": blank(text_day(night + shop.window.first), night < 0),
    }


def _gather(parts: list[Columns]) -> Columns:
    """One table of many, in the order given."""
    return {name: pa.chunked_array([part[name] for part in parts], pa.string()) for name in parts[0]}
