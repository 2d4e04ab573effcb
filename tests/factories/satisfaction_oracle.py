"""Satisfaction by another road: Python over the rows of raw, answer by answer; shares no code with dbt."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from factories.marts_oracle import SCALES, Oracle

# The numbers of the seeds, written out once more.
MIN_N, WEIGHT_DAYS, ANSWER_DAYS, MIN_STRATUM, MAX_WEIGHT, Z = 30, 365, 14, 30, 5.0, 1.959964
BLANK, NOT_APPLICABLE = 99, 98
PROMOTIONS = (("01-10", "01-16"), ("06-16", "06-18"), ("11-01", "11-01"), ("11-09", "11-11"), ("12-11", "12-12"))
Key = tuple[Any, ...]


def is_promotion(day: date) -> bool:
    return any(first <= f"{day:%m-%d}" <= last for first, last in PROMOTIONS)


class SatisfactionOracle(Oracle):
    """Sums and figures of each cell; ``tiers`` are the customers' value tiers."""

    def __init__(self, connection: Any, as_of: date, tiers: dict[str, str]) -> None:
        super().__init__(connection, as_of)
        self.tiers = tiers
        categories = {(p["_source"], p["product_id"]): p["category"] for p in self._known("products")}
        self.contents: dict[Key, set[Key]] = defaultdict(set)
        for line in self._known("order_lines"):
            category = categories.get((line["_source"], line["product_id"])) or "(none)"
            part = (line["product_id"], category, line["seller_id"] or "(none)")
            self.contents[line["_source"], line["order_id"]].add(part)
        self.answers = [self._review(r) for r in self.reviews] + [
            self._response(r) for r in self._known("survey_responses") if self._day(r["answered_at"]) <= as_of
        ]
        self.weights = {kind: self._weights(kind) for kind in ("survey", "review")}

    def _review(self, row: dict[str, Any]) -> dict[str, Any]:
        order = self.orders.get((row["_source"], row["order_id"]))
        who = order["customer_key"] if order else None
        given = {"metric": "review", "dimension": "overall", "day": self._day(row["created_at"]), "who": who}
        return given | {"order": (row["_source"], row["order_id"]), "score": row["score"], "product": row["product_id"]}

    def _response(self, row: dict[str, Any]) -> dict[str, Any]:
        who = self.person[row["_source"], row["customer_id"]]
        given = {"metric": row["metric"], "dimension": row["dimension"], "day": self._day(row["answered_at"])}
        order = (row["_source"], row["order_id"])
        return given | {"order": order, "score": row["score"], "who": who, "own": float(row["weight"] or 1)}

    def _group(self, kind: str, key: Key) -> tuple[str, Key]:
        order = self.orders[key]
        late = order["promised_at"] and (order["delivered_at"] or order["promised_at"]) > order["promised_at"]
        experience = "none" if order["promised_at"] is None else "late" if late else "in time"
        if kind == "survey":
            said = [r for r in self.reviews if (r["_source"], r["order_id"]) == key]
            newest = max(said, key=lambda r: (r["created_at"], r["review_id"]), default=None)
            experience += "" if newest is None else "low" if newest["score"] <= 2 else "high" * (newest["score"] >= 4)
            experience += "middle" * (newest is not None and newest["score"] == 3)
        return experience, (self.tiers.get(order["customer_key"]), order["channel"])

    def _weights(self, kind: str) -> dict[Key, float]:
        """The weight of each delivered order's answers."""
        valued = {a["order"] for a in self.answers if (a["metric"] == "review") == (kind == "review") and valid(a)}
        base, answered = Counter[Any](), Counter[Any]()
        groups = {}
        for key, order in self.orders.items():
            arrived = order["delivered_at"] and self._day(order["delivered_at"])
            if order["status"] != "delivered" or (arrived and arrived > self.as_of):
                continue
            groups[key] = self._group(kind, key)
            if arrived and ANSWER_DAYS <= (self.as_of - arrived).days < WEIGHT_DAYS:
                for group in (groups[key], groups[key][0], "everybody"):
                    base[group] += 1
                    answered[group] += key in valued
        weights = {}
        for key, group in groups.items():
            narrowest = [g for g in (group, group[0]) if answered[g] >= MIN_STRATUM]
            ratio = 1.0
            if narrowest:
                g = narrowest[0]
                ratio = (base[g] / base["everybody"]) / (answered[g] / answered["everybody"])
            weights[key] = min(ratio, MAX_WEIGHT)
        return weights

    def cells(self, period: str) -> dict[Key, dict[str, Any]]:
        """By (first day, days, metric, dimension, breakdown, subject)."""
        found: dict[Key, list[tuple[dict[str, Any], float]]] = defaultdict(list)
        for answer in self.answers:
            score, coded = answer["score"], answer["score"] in (BLANK, NOT_APPLICABLE)
            if not valid(answer) and not coded:
                continue
            order = self.orders.get(answer["order"])
            if order is not None and answer["day"] < order["day"]:
                order = None
            weight = answer.get("own", 1.0)
            if order is not None:
                weight *= self.weights["review" if answer["metric"] == "review" else "survey"].get(answer["order"], 1.0)
            for cell in self._cells(answer, order):
                for days in ("all",) if is_promotion(answer["day"]) else ("all", "ordinary"):
                    first = first_day(period, answer["day"])
                    found[(first, days, answer["metric"], answer["dimension"], *cell)].append((answer, weight))
            assert score is not None
        return {key: summed(key[2], rows) for key, rows in found.items()}

    def _cells(self, answer: dict[str, Any], order: dict[str, Any] | None) -> set[tuple[str, str]]:
        cells = {("all", "all"), ("tier", self.tiers.get(answer["who"], "(none)"))}
        if order is not None:
            cells.add(("channel", order["channel"] or "(none)"))
            for product, category, seller in self.contents[answer["order"]]:
                if answer.get("product") in (None, product):
                    cells |= {("product", product), ("category", category), ("seller", seller)}
        return cells


def valid(answer: dict[str, Any]) -> bool:
    low, high, _, _ = SCALES[answer["metric"]]
    return bool(low <= answer["score"] <= high)


def first_day(period: str, day: date) -> date:
    back = {"day": 0, "week": day.weekday(), "month": day.day - 1}[period]
    return day - timedelta(days=back)


def summed(metric: str, rows: list[tuple[dict[str, Any], float]]) -> dict[str, Any]:
    answered = [(a["score"], w) for a, w in rows if valid(a)]
    out: dict[str, Any] = {"n": len(answered), "blank": sum(a["score"] == BLANK for a, _ in rows)}
    out["not_applicable"] = sum(a["score"] == NOT_APPLICABLE for a, _ in rows)
    out["score_sum"] = sum(score for score, _ in answered)
    out |= dict.fromkeys(("value", "ci_low", "ci_high", "weighted_value", "weighted_ci_low", "weighted_ci_high"))
    if len(answered) >= MIN_N:
        plain = figures(metric, [(score, 1.0) for score, _ in answered])
        weighted = figures(metric, answered)
        out |= plain | {f"weighted_{name}": value for name, value in weighted.items()}
    return out


def figures(metric: str, answers: list[tuple[int, float]]) -> dict[str, float]:
    """Value and interval of weighted answers, the interval with Kish's effective number of answers."""
    low, high, top, bottom = SCALES[metric]
    total = sum(w for _, w in answers)
    n = total**2 / sum(w * w for _, w in answers)
    p, d = (sum(w for s, w in answers if fits(s)) / total for fits in (lambda s: s >= top, lambda s: s <= bottom))
    mean = sum(w * s for s, w in answers) / total
    if metric == "csat":
        centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        margin = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        value, least, most = p, 0.0, 1.0
    elif metric == "nps":
        value = centre = 100 * (p - d)
        margin, least, most = 100 * Z * math.sqrt((p + d - (p - d) ** 2) / n), -100.0, 100.0
    else:
        value = centre = mean
        spread = (sum(w * s * s for s, w in answers) / total - mean**2) * n / (n - 1)
        margin, least, most = Z * math.sqrt(spread / n), float(low), float(high)
    return {"value": value, "ci_low": max(least, centre - margin), "ci_high": min(most, centre + margin)}
