"""Predicted value against the demo shop's truth: by deciles of predicted spend, what the shop's own parameters expect.

The truth of a customer is not one future but the mean of all: a customer of rate λ a day who is lost after a purchase
with probability p, and not lost yet, makes (1 − e^(−λ p t)) ÷ p purchases in t days (Fader, Hardie and Lee 2005,
section 3). Which share of orders become sales, and of their list value net spend, is the shop's own up to the date.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psycopg
from scipy.stats import spearmanr

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.value.maximum import Floats
from huitou.warehouse.connection import connect
from huitou.warehouse.publish import newest_publication

HORIZONS = (90, 365)
PARTS = 10
PREDICTED = """
select customer_key, expected_orders_90d, expected_spend_90d::float, expected_orders_365d, expected_spend_365d::float
from marts.customer_value where p_alive is not null order by customer_key
"""
ACCOUNTS = "select customer_id, customer_key from vault.accounts_as_of(%s)"


@dataclass(frozen=True)
class Decile:
    """A tenth of the customers, 10 the one with the highest predicted spend: sums over it for the next ``days``.

    ``group``: all; or new, those who registered since the shop's first night, all of whose purchases the files show.
    Spend in base currency, net of discounts and refunds (the truth with shipping, a hundredth or two). ``ratio``:
    predicted ÷ true spend.
    """

    group: str
    days: int
    decile: int
    customers: int
    predicted_orders: float
    true_orders: float
    predicted_spend: float
    true_spend: float
    ratio: float


@dataclass(frozen=True)
class Ranking:
    """How alike predicted and true spend of the next ``days`` order a group's customers: Spearman's rank correlation."""

    group: str
    days: int
    customers: int
    correlation: float


@dataclass(frozen=True)
class Calibration:
    """Ten deciles a group and horizon, lowest first, and a ranking of each; none where the shop is too young for a fit."""

    deciles: list[Decile]
    rankings: list[Ranking]


@dataclass(frozen=True)
class Buyer:
    """What truth/customers.csv says of an account."""

    rate: float
    dropout: float
    worth: float
    registered: date
    lost_on: date | None


@dataclass(frozen=True)
class Shares:
    """Of all orders up to the date: those that are sales; and money that came and stayed, of their list value."""

    sales: float
    net: float


def calibration(settings: Settings, truth: Path, business_date: date) -> Calibration:
    """Predicted spend of every customer beside what the shop's parameters expect.

    Raises ``UserError`` where the marts do not stand at ``business_date`` or are not of this shop.
    """
    buyers = _buyers(truth)
    shares = _shares(truth, buyers, business_date)
    with connect(settings) as connection:
        stands = newest_publication(connection)
        if stands != business_date:
            raise UserError(
                f"The marts stand at {stands}, not at {business_date}: `huitou build --date {business_date}`."
            )
        predicted = connection.execute(PREDICTED).fetchall()
        accounts = _accounts(connection, business_date, buyers)
    known = [row for row in predicted if row[0] in accounts]
    if not predicted:
        return Calibration([], [])
    if not known:
        raise UserError(f"No customer of {truth} is in the marts: give --shop the folder of the shop that they are of.")
    told = np.array([row[1:] for row in known], float)
    first_night = _first_night(truth)
    new = np.array([min(b.registered for b in accounts[row[0]]) >= first_night for row in known])
    found = Calibration([], [])
    for number, days in enumerate(HORIZONS):
        sums = [_expected(accounts[row[0]], days, business_date) for row in known]
        true = np.array(sums, float) * (shares.sales, shares.net)
        of_horizon = told[:, 2 * number : 2 * number + 2]
        for group, its in (("all", np.full(len(known), True)), ("new", new)):
            found.deciles.extend(_deciles(group, days, of_horizon[its], true[its]))
            found.rankings.append(_ranking(group, days, of_horizon[its], true[its]))
    return found


def _first_night(truth: Path) -> date:
    given = json.loads((truth / "parameters.json").read_text(encoding="utf-8"))["arguments"]
    return date.fromisoformat(given["until"]) - timedelta(days=given["days"] - 1)


def _deciles(group: str, days: int, told: Floats, true: Floats) -> Iterator[Decile]:
    order = np.argsort(told[:, 1], kind="stable")
    for number, part in enumerate(np.array_split(order, PARTS), start=1):
        orders, spend = told[part].sum(axis=0)
        true_orders, true_spend = true[part].sum(axis=0)
        ratio = spend / true_spend if true_spend else float("nan")
        yield Decile(group, days, number, len(part), *map(float, (orders, true_orders, spend, true_spend, ratio)))


def _ranking(group: str, days: int, told: Floats, true: Floats) -> Ranking:
    return Ranking(group, days, len(told), float(spearmanr(told[:, 1], true[:, 1]).statistic))


def _expected(accounts: list[Buyer], days: int, now: date) -> tuple[float, float]:
    """Orders of a person's accounts in the next ``days``, and their list value."""
    orders = [
        -np.expm1(-buyer.rate * buyer.dropout * days) / buyer.dropout
        for buyer in accounts
        if buyer.lost_on is None or buyer.lost_on > now
    ]
    alive = [buyer.worth for buyer in accounts if buyer.lost_on is None or buyer.lost_on > now]
    return float(sum(orders)), float(np.dot(orders, alive))


def _accounts(connection: psycopg.Connection, as_of: date, buyers: dict[str, Buyer]) -> dict[str, list[Buyer]]:
    people: dict[str, list[Buyer]] = {}
    for account, key in connection.execute(ACCOUNTS, (as_of,)):
        if account in buyers:
            people.setdefault(key, []).append(buyers[account])
    return people


def _buyers(truth: Path) -> dict[str, Buyer]:
    return {
        row["customer_id"]: Buyer(
            float(row["lambda_per_day"]),
            float(row["p"]),
            float(row["expected_order_value_cny"]),
            date.fromisoformat(row["registered_at"][:10]),
            date.fromisoformat(row["lost_on"]) if row["lost_on"] else None,
        )
        for row in _rows(truth / "customers.csv")
    }


def _shares(truth: Path, buyers: dict[str, Buyer], as_of: date) -> Shares:
    orders = sales = 0
    net = listed = 0.0
    for row in _rows(truth / "orders.csv.gz"):
        if date.fromisoformat(row["ordered_at"][:10]) > as_of:
            continue
        orders += 1
        sales += row["status"] in ("paid", "shipped", "delivered")
        listed += buyers[row["customer_id"]].worth
        total = float(row["total"])
        net += float(row["total_cny"]) * (float(row["paid"]) - float(row["refunded"])) / total if total else 0.0
    if not orders:
        raise UserError(f"{truth} has no order up to {as_of}.")
    return Shares(sales / orders, net / listed)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError:
        raise UserError(f"{path} is not there: give the folder `truth` of a demo shop.") from None
