"""The marts by another road: Python over the rows of raw, one record at a time. Slow, and shares no code with dbt."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from typing import Any

import psycopg
from psycopg.rows import dict_row

from factories.raw import ZONE
from huitou.sources.contract import contracts

CENT = Decimal("0.01")
Z = 1.959964
SALES = ("paid", "shipped", "delivered")
SCALES = {"csat": (1, 5, 4, 2), "nps": (0, 10, 9, 6), "ces": (1, 7, 5, 3), "review": (1, 5, 4, 2)}
# A rate is no longer taken when it is older.
MAX_RATE_AGE_DAYS = 10
# A figure of fewer answers is withheld.
MIN_N = 30
NO_FIGURES = {"value": None, "ci_low": None, "ci_high": None}
Row = dict[str, Any]


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


class Oracle:
    """What each mart must hold as of ``as_of``."""

    def __init__(self, connection: psycopg.Connection, as_of: date) -> None:
        self.as_of = as_of
        self._cursor = connection.cursor(row_factory=dict_row)
        self.person = {
            (i["source"], i["customer_id"]): i["customer_key"]
            for i in self._cursor.execute("select * from vault.accounts_as_of(%s)", (as_of,)).fetchall()
        }
        self.rates = self._known("exchange_rates")
        self.refunds = [r for r in self._known("refunds") if self._day(r["refunded_at"]) <= as_of]
        self.reviews = [r for r in self._known("reviews") if self._day(r["created_at"]) <= as_of]
        self.orders = self._priced()

    def _known(self, feed: str) -> list[Row]:
        newest: dict[tuple[Any, ...], Row] = {}
        for row in self._cursor.execute(f"select * from raw.{feed}").fetchall():
            if row["_business_date"] > self.as_of:
                continue
            key = (row["_source"], *(row[k] for k in contracts()[feed].key))
            if key not in newest or row["_version"] > newest[key]["_version"]:
                newest[key] = row
        return list(newest.values())

    @staticmethod
    def _day(moment: Any) -> date:
        return moment.astimezone(ZONE).date()

    def _rate(self, source: str, currency: str, day: date) -> Decimal | None:
        if currency == "CNY":
            return Decimal(1)
        fitting = [
            r
            for r in self.rates
            if (r["_source"], r["currency"]) == (source, currency)
            and 0 <= (day - r["rate_date"]).days <= MAX_RATE_AGE_DAYS
            and r["rate"] > 0
        ]
        return max(fitting, key=lambda r: r["rate_date"])["rate"] if fitting else None

    def _priced(self) -> dict[tuple[str, str], Row]:
        orders = {}
        for order in self._known("orders"):
            day = self._day(order["ordered_at"])
            if day <= self.as_of:
                orders[order["_source"], order["order_id"]] = order | {
                    "day": day,
                    "units": 0,
                    "gross": Decimal(0),
                    "discounts": cents(order["discount"] or Decimal(0)),
                    "refunded": Decimal(0),
                    "rate": self._rate(order["_source"], order["currency"], day),
                    "is_sale": order["status"] in SALES,
                    "customer_key": self.person[order["_source"], order["customer_id"]],
                }
        for line in self._known("order_lines"):
            if (order := orders.get((line["_source"], line["order_id"]))) and line["quantity"]:
                order["units"] += line["quantity"]
                order["gross"] += cents(line["quantity"] * line["unit_price"])
                order["discounts"] += cents(line["discount"] or Decimal(0))
        for refund in self.refunds:
            order = orders.get((refund["_source"], refund["order_id"]))
            if order and order["currency"] == refund["currency"]:
                order["refunded"] += cents(refund["amount"])
        return orders

    def sales_daily(self) -> dict[tuple[date, str], dict[str, Decimal]]:
        days: dict[tuple[date, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for order in self.orders.values():
            if order["is_sale"]:
                day = days[order["day"], order["currency"]]
                day["orders"] += 1
                day["gross"] += order["gross"]
                day["discounts"] += order["discounts"]
        for refund in self.refunds:
            order = self.orders.get((refund["_source"], refund["order_id"]))
            column = "refunds" if order is None or order["is_sale"] else "refunds_unsold"
            days[self._day(refund["refunded_at"]), refund["currency"]][column] += cents(refund["amount"])
        for day in days.values():
            day["net"] = day["gross"] - day["discounts"] - day["refunds"]
        return days

    def customer_value(self, until: date | None = None) -> dict[str, Row]:
        """By the sales up to ``until``, of which is told what is known by now."""
        until = until or self.as_of
        first_day_of_window = _months_before(until, 12)
        people: dict[str, Row] = {}
        for order in self.orders.values():
            if not order["is_sale"] or order["day"] > until:
                continue
            rate = order["rate"]
            sold = cents((order["gross"] - order["discounts"]) * rate) if rate else Decimal(0)
            refunded = cents(order["refunded"] * rate) if rate else Decimal(0)
            mine = people.setdefault(
                order["customer_key"],
                {"orders": 0, "net_spend": Decimal(0), "refunds": Decimal(0), "unconverted_orders": 0}
                | {"units": 0, "gross": Decimal(0), "discounts": Decimal(0)}
                | {"days": [], "orders_in_window": 0, "net_spend_in_window": Decimal(0)},
            )
            gross = cents(order["gross"] * rate) if rate else Decimal(0)
            mine["orders"] += 1
            mine["units"] += order["units"]
            mine["gross"] += gross
            mine["discounts"] += gross - sold
            mine["net_spend"] += sold - refunded
            mine["refunds"] += refunded
            mine["unconverted_orders"] += rate is None
            mine["days"].append(order["day"])
            if order["day"] > first_day_of_window:
                mine["orders_in_window"] += 1
                mine["net_spend_in_window"] += sold - refunded
        for mine in people.values():
            days = mine.pop("days")
            mine["first_order_date"], mine["last_order_date"] = min(days), max(days)
            gaps = [Decimal((late - early).days) for early, late in pairwise(sorted(set(days)))]
            mine["purchase_days"] = len(gaps) + 1
            mine["mean_days_between"] = _to_a_tenth(sum(gaps) / len(gaps)) if gaps else None
            mine["median_days_between"] = _to_a_tenth(median(gaps)) if gaps else None
        for column, name in (
            ("last_order_date", "recency_score"),
            ("orders_in_window", "frequency_score"),
            ("net_spend_in_window", "monetary_score"),
        ):
            values = [p[column] for p in people.values() if p["orders_in_window"]]
            for mine in people.values():
                lower = sum(value < mine[column] for value in values) if mine["orders_in_window"] else 0
                mine[name] = 1 + 5 * lower // len(values)
        return people

    def by_currency(self) -> dict[tuple[str, str], Row]:
        found: dict[tuple[str, str], Row] = {}
        for order in self.orders.values():
            if not order["is_sale"]:
                continue
            names = ("orders", "units", "gross", "discounts", "refunds", "unconverted_orders")
            mine = found.setdefault((order["customer_key"], order["currency"]), dict.fromkeys(names, 0) | {"days": []})
            mine["orders"] += 1
            mine["units"] += order["units"]
            mine["gross"] += order["gross"]
            mine["discounts"] += order["discounts"]
            mine["refunds"] += order["refunded"]
            mine["unconverted_orders"] += order["rate"] is None
            mine["days"].append(order["day"])
        for mine in found.values():
            days = mine.pop("days")
            mine["first_order_date"], mine["last_order_date"] = min(days), max(days)
            mine["net"] = mine["gross"] - mine["discounts"] - mine["refunds"]
        return found

    def satisfaction_daily(self) -> dict[tuple[date, str, str], Row]:
        answers = [(self._day(r["created_at"]), "review", "overall", r["score"]) for r in self.reviews]
        answers += [
            (self._day(a["answered_at"]), a["metric"], a["dimension"], a["score"])
            for a in self._known("survey_responses")
            if self._day(a["answered_at"]) <= self.as_of
        ]
        scores: dict[tuple[date, str, str], list[int]] = defaultdict(list)
        for day, metric, dimension, score in answers:
            low, high, _, _ = SCALES[metric]
            if low <= score <= high:
                scores[day, metric, dimension].append(score)
        return {
            key: {"n": len(given), **(_estimate(key[1], given) if len(given) >= MIN_N else NO_FIGURES)}
            for key, given in scores.items()
        }

    def delivery_daily(self) -> dict[tuple[date, bool], Counter[str]]:
        last_reviews: dict[tuple[str, str], Row] = {}
        for review in sorted(self.reviews, key=lambda r: (r["created_at"], r["review_id"])):
            last_reviews[review["_source"], review["order_id"]] = review
        days: dict[tuple[date, bool], Counter[str]] = defaultdict(Counter)
        for key, order in self.orders.items():
            if order["status"] != "delivered" or order["promised_at"] is None:
                continue
            delivered, promised = order["delivered_at"], order["promised_at"]
            day = self._day(delivered or promised)
            if day <= self.as_of:
                count = days[day, delivered is not None and delivered > promised]
                count["orders"] += 1
                count["undated_orders"] += delivered is None
                count["reviewed_orders"] += key in last_reviews
                count["score_sum"] += last_reviews[key]["score"] if key in last_reviews else 0
        return days


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _to_a_tenth(days: Decimal) -> Decimal:
    return days.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _estimate(metric: str, scores: list[int]) -> dict[str, float | None]:
    """Value and 95 % interval: Wilson's for csat and, of their place in the range, means; for nps ±1.96 standard errors,
    cut at the range's ends."""
    low, high, top, bottom = SCALES[metric]
    n = len(scores)
    p, d = sum(s >= top for s in scores) / n, sum(s <= bottom for s in scores) / n
    if metric == "csat":
        return {"value": p} | wilson_interval(p, n, Z)
    if metric == "nps":
        return nps_figures(p, d, n)
    value = sum(scores) / n
    if n == 1:
        return {"value": value, "ci_low": None, "ci_high": None}
    variance = sum((s - value) ** 2 for s in scores) / (n - 1) / n
    return {"value": value} | mean_interval(value, variance, n, (low, high))


def mean_interval(mean: float, variance: float, n: float, scale: tuple[int, int]) -> dict[str, float]:
    """Of a mean within its scale, whose variance that of a share of so many answers would be."""
    low, width = scale[0], scale[1] - scale[0]
    p = round((mean - low) / width, 12)
    if variance < 1e-12:
        # All say the same: at an end of the scale as a share would be of which all are, elsewhere nothing is left open.
        ends = wilson_interval(p, n, t_quantile(n - 1)) if p in (0, 1) else {"ci_low": p, "ci_high": p}
    else:
        ends = wilson_interval(p, p * (1 - p) * width**2 / variance, t_quantile(n - 1))
    return {name: low + width * end for name, end in ends.items()}


def wilson_interval(p: float, n: float, quantile: float) -> dict[str, float]:
    centre = (p + quantile**2 / (2 * n)) / (1 + quantile**2 / n)
    margin = quantile / (1 + quantile**2 / n) * math.sqrt(p * (1 - p) / n + quantile**2 / (4 * n * n))
    return {"ci_low": centre - margin, "ci_high": centre + margin}


def nps_figures(p: float, d: float, n: float) -> dict[str, float]:
    value, margin = 100 * (p - d), 100 * Z * math.sqrt((p + d - (p - d) ** 2) / n)
    return {"value": value, "ci_low": max(-100.0, value - margin), "ci_high": min(100.0, value + margin)}


def t_quantile(degrees: float) -> float:
    """Student's 97.5 % quantile by the first terms of its expansion."""
    first, second = (Z**3 + Z) / 4, (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96
    third = (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384
    return Z + first / degrees + second / degrees**2 + third / degrees**3
