"""The truth of the service desk, the points and the mailings: causes, effects and balances."""

from __future__ import annotations

from typing import Any

import numpy as np

from huitou.shop.arrays import HOUR, MINUTE, Bools, rows_of, text_code, text_id, text_instant, text_number
from huitou.shop.browsing import ACTIONS
from huitou.shop.customer_feeds import customer_number
from huitou.shop.feed import Columns
from huitou.shop.ledger import TYPES
from huitou.shop.made import Shop
from huitou.shop.mailings import DELIVERED, REPORTS
from huitou.shop.parcels import CARRIERS, REQUESTED, RETURN_REASONS
from huitou.shop.service import CAUSES, DAMAGED, LATE, REPLIED, Tickets
from huitou.shop.true_rates import mean_of, share_of


def true_tickets(shop: Shop) -> Columns:
    """Every case of the window: what it really was about, how long it took, and whether it drove its customer away."""
    tickets = shop.tickets
    rows = np.flatnonzero(tickets.opened < shop.window.closes)
    slow = tickets.seconds[rows] > shop.parameters.slow_hours * HOUR
    order = tickets.order[rows]
    return {
        "ticket_id": text_id("K", rows, 8),
        "order_id": text_id("D", order, 10),
        "customer_id": customer_number(shop, shop.orders.customer[order]),
        "cause": text_code(CAUSES, tickets.cause[rows]),
        "opened_at": text_instant(tickets.opened[rows]),
        "resolved_at": text_instant(tickets.resolved[rows]),
        "slow": _yes(slow),
        "drove_away": _yes(tickets.leaves[rows]),
    }


def true_balances(shop: Shop) -> Columns:
    """Points of each member who ever had any, as the window closes: by type, and what is left."""
    points = shop.points
    count = len(shop.buyers.registered)
    sums = [np.bincount(points.customer, points.points * (points.type == kind), count) for kind in range(len(TYPES))]
    members = np.unique(points.customer)
    names = ("earned", "redeemed", "expired", "adjusted")
    return {
        "customer_id": customer_number(shop, members),
        **{name: text_number(total[members].astype(np.int64)) for name, total in zip(names, sums, strict=True)},
        "balance": text_number(np.sum(sums, axis=0)[members].astype(np.int64)),
    }


def true_effects(shop: Shop) -> dict[str, Any]:
    """What was planted, as it came out in this shop: shares (0 to 1), means and counts, each share with its n."""
    return {
        "tickets": _tickets(shop),
        "parcels": _parcels(shop),
        "returns_by_reason": _counts(
            RETURN_REASONS, shop.returns.reason[shop.returns.events[:, REQUESTED] < shop.window.closes]
        ),
        "events_by_action": _counts(ACTIONS, shop.behaviour.action),
        "points_by_type": _sums(shop),
        "messages": _messages(shop),
    }


def _tickets(shop: Shop) -> dict[str, Any]:
    orders, p = shop.orders, shop.parameters
    tickets = rows_of(shop.tickets, np.flatnonzero(shop.tickets.opened < shop.window.closes))
    slow = tickets.seconds > p.slow_hours * HOUR
    done = tickets.resolved < shop.window.closes
    again = _buys_again(shop, tickets)
    rated = done & (tickets.rating >= 0)
    return {
        "by_cause": _counts(CAUSES, tickets.cause),
        "of_late_orders": share_of(_has(shop, LATE)[orders.late]),
        "of_damaged_orders": share_of(_has(shop, DAMAGED)[orders.damaged]),
        "first_reply_minutes": mean_of((tickets.events[:, REPLIED] - tickets.opened) / MINUTE),
        "slow": share_of(slow),
        "driven_away_when_slow": share_of(tickets.leaves[slow]),
        "driven_away_when_fast": share_of(tickets.leaves[~slow]),
        "buys_again_after_slow": share_of(again[done & slow]),
        "buys_again_after_fast": share_of(again[done & ~slow]),
        "rating_after_slow": mean_of(tickets.rating[rated & slow]),
        "rating_after_fast": mean_of(tickets.rating[rated & ~slow]),
    }


def _has(shop: Shop, cause: int) -> Bools:
    has = np.zeros(len(shop.orders.ordered), dtype=bool)
    has[shop.tickets.order[shop.tickets.cause == cause]] = True
    return has


def _buys_again(shop: Shop, tickets: Tickets) -> Bools:
    """Per case, whether its customer orders after it was resolved."""
    last = np.zeros(len(shop.buyers.registered), dtype=np.int64)
    np.maximum.at(last, shop.orders.customer, shop.orders.ordered)
    again: Bools = last[shop.orders.customer[tickets.order]] > tickets.resolved
    return again


def _parcels(shop: Shop) -> dict[str, Any]:
    parcels = shop.parcels
    late = parcels.delivered > shop.orders.promised[parcels.order]
    by_carrier = {name: share_of(late[parcels.carrier == n]) for n, (name, *_) in enumerate(CARRIERS)}
    return {"late_by_carrier": by_carrier, "damaged_orders": share_of(shop.orders.damaged[parcels.order])}


def _messages(shop: Shop) -> dict[str, Any]:
    """The shop's messages move nobody to buy: a measured lift of theirs is noise."""
    receipts = shop.receipts
    told = _counts(REPORTS, receipts.report)
    messages = len(np.unique(receipts.message))
    delivered = int((receipts.report == DELIVERED).sum())
    return {"messages": messages, "delivered": delivered, "receipts": told, "effect_on_sales": 0}


def _sums(shop: Shop) -> dict[str, int]:
    points = shop.points
    return {word: int(points.points[points.type == kind].sum()) for kind, word in enumerate(TYPES)}


def _counts(words: tuple[str, ...], codes: Any) -> dict[str, int]:
    return dict(zip(words, np.bincount(codes, minlength=len(words)).tolist(), strict=True))


def _yes(values: Bools) -> Any:
    return text_code(("false", "true"), values.astype(np.int64))
