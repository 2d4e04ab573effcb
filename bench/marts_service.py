"""What follows a sale, made up for the benchmark of marts: payments, parcels, returns, tickets, requests for opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from marts_columns import Columns, moments, money, names

if TYPE_CHECKING:
    from marts_data import Shop

CHANNELS = np.array(["app", "web", "shop"])
CARRIERS = np.array(["sf", "zto", "yto", "jd"])
REGIONS = np.array(["华北", "华东", "华南", "西南"])
METHODS = np.array(["alipay", "wechat_pay", "card", "cash"])
REASONS = np.array(["broken", "not as described", "changed my mind"])
CLASSES = np.array(["product", "delivery", "after_sale", "other"])
KINDS = np.array(["question", "complaint", "request", "repair"])
TEXTS = np.array(
    [
        "质量很好，下次再来",
        "物流太慢，等了一周才到",
        "客服态度差，不给退货",
        "Broke after two days",
        "Arrived late and the box was damaged",
        "Great tea, thank you",
    ]
)


def write_service(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray, last: int) -> None:
    """Of orders by their numbers; ``last`` is the day that nothing is later than."""
    some = {
        "payments": (1.0, 0, _payments),
        "deliveries": (0.9, 1, _deliveries),
        "returns": (0.03, 6, _returns),
        "survey_requests": (0.25, 4, _requests),
    }
    for feed, (share, after, columns) in some.items():
        chosen = _share(shop, len(number), share)
        then = np.minimum(day[chosen] + after, last)
        shop.save(feed, columns(shop, number[chosen], customer[chosen], then), then)
    chosen = _share(shop, len(number), 0.04)
    _tickets(shop, number[chosen], customer[chosen], np.minimum(day[chosen] + 3, last), last)


def _share(shop: Shop, n: int, share: float) -> np.ndarray:
    return np.sort(shop.draw.choice(n, max(round(n * share), 1), replace=False))


def _payments(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray) -> Columns:
    return {
        "order_id": names("o", number),
        "payment_no": pa.array(np.ones(len(number), "int64")),
        "method": pa.array(shop.draw.choice(METHODS, len(number))),
        "amount": money(shop.draw.integers(100, 99999, len(number))),
        "currency": pa.repeat("CNY", len(number)),
        "paid_at": moments(day, 12),
    }


def _deliveries(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray) -> Columns:
    return {
        "delivery_id": names("d", number),
        "order_id": names("o", number),
        "carrier": pa.array(shop.draw.choice(CARRIERS, len(number))),
        "region": pa.array(shop.draw.choice(REGIONS, len(number))),
        "status": pa.repeat("in_transit", len(number)),
        "shipped_at": moments(day, 18),
    }


def _returns(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray) -> Columns:
    return {
        "return_id": names("b", number),
        "order_id": names("o", number),
        "line_no": pa.array(np.ones(len(number), "int64")),
        "units": pa.array(np.ones(len(number), "int64")),
        "kind": pa.array(shop.draw.choice(np.array(["refund", "exchange", "repair"]), len(number))),
        "reason": pa.array(shop.draw.choice(REASONS, len(number))),
        "status": pa.repeat("requested", len(number)),
        "requested_at": moments(day, 10),
    }


def _requests(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray) -> Columns:
    return {
        "request_id": names("q", number),
        "customer_id": names("c", customer),
        "order_id": names("o", number),
        "channel": pa.repeat("sms", len(number)),
        "asked_at": moments(day, 11),
    }


def _tickets(shop: Shop, number: np.ndarray, customer: np.ndarray, day: np.ndarray, last: int) -> None:
    """Opened, replied to after three hours, and resolved the next day, but for one in twenty."""
    n, resolved = len(number), shop.draw.random(len(number)) < 0.95
    resolved &= day < last
    columns = {
        "ticket_id": names("k", number),
        "customer_id": names("c", customer),
        "order_id": names("o", number),
        "class": pa.array(shop.draw.choice(CLASSES, n)),
        "kind": pa.array(shop.draw.choice(KINDS, n)),
        "priority": pa.array(shop.draw.choice(np.array(["normal", "high"]), n)),
        "status": pa.array(np.where(resolved, "resolved", "open")),
        "opened_at": moments(day, 9),
    }
    shop.save("tickets", columns, np.where(resolved, day + 1, day))
    for place, (action, which, after, hour) in enumerate(
        (("opened", np.full(n, True), 0, 9), ("replied", np.full(n, True), 0, 12), ("resolved", resolved, 1, 15))
    ):
        if which.any():
            events = {
                "event_id": names(f"e{place}_", number[which]),
                "ticket_id": names("k", number[which]),
                "action": pa.repeat(action, int(which.sum())),
                "actor": pa.repeat("customer" if action == "opened" else "agent", int(which.sum())),
                "occurred_at": moments(day[which] + after, hour),
            }
            shop.save("ticket_events", events, day[which] + after, f"ticket_events-{action}")
