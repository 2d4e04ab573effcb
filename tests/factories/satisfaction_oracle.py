"""Satisfaction by another road: Python over the rows of raw, answer by answer; shares no code with dbt."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from factories.marts_oracle import SCALES, Oracle, Z, mean_interval, nps_figures, wilson_interval

# The numbers of the seeds, written out once more.
MIN_N, WEIGHT_WEEKS, ANSWER_DAYS, MIN_STRATUM, MAX_WEIGHT = 30, 52, 14, 10, 5.0
BLANK, NOT_APPLICABLE = 99, 98
PROMOTIONS = (("01-10", "01-16"), ("06-16", "06-18"), ("11-01", "11-01"), ("11-09", "11-11"), ("12-11", "12-12"))
Key = tuple[Any, ...]


def is_promotion(day: date) -> bool:
    return any(first <= f"{day:%m-%d}" <= last for first, last in PROMOTIONS)


class SatisfactionOracle(Oracle):
    """Sums and figures of each cell; ``tiers`` are the customers' value tiers on the newest Sunday."""

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
        self.began: dict[str, date] = {}
        for order in self.orders.values():
            if order["customer_key"] is not None:
                self.began[order["customer_key"]] = min(order["day"], self.began.get(order["customer_key"], date.max))
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

    def _judged(self, answer: dict[str, Any]) -> dict[str, Any] | None:
        """The order that an answer is about: nobody can judge one that is not placed yet."""
        order = self.orders.get(answer["order"])
        return order if order is not None and answer["day"] >= order["day"] else None

    def _settled(self, key: Key) -> date | None:
        """The day after which nothing more is learned of an order."""
        order = self.orders[key]
        arrived = order["delivered_at"] or order["promised_at"]
        return self._day(arrived) + timedelta(days=ANSWER_DAYS) if arrived else None

    def _group(self, kind: str, key: Key) -> Key:
        """Punctuality, stars of the newest review by then (of surveys alone), and whether it is a first order by channel."""
        order, settled = self.orders[key], self._settled(key)
        late = order["promised_at"] and (order["delivered_at"] or order["promised_at"]) > order["promised_at"]
        punctuality = "none" if order["promised_at"] is None else "late" if late else "in time"
        said = [r for r in self.reviews if (r["_source"], r["order_id"]) == key and kind == "survey"]
        said = [r for r in said if settled and order["day"] <= self._day(r["created_at"]) <= settled]
        newest = max(said, key=lambda r: (r["created_at"], r["review_id"]), default={"score": None})
        is_later = self.began.get(order["customer_key"], order["day"]) < order["day"]
        return punctuality, newest["score"], (is_later, order["channel"])

    def _weights(self, kind: str) -> dict[tuple[date, Key], float]:
        """The weight of each delivered order's answers, by the week of the answer."""
        valued = {
            a["order"]
            for a in self.answers
            if (a["metric"] == "review") == (kind == "review")
            and valid(a)
            and self._judged(a) is not None
            and a["day"] <= (self._settled(a["order"]) or date.min)
        }
        groups, settled_in = {}, {}
        for key, order in self.orders.items():
            arrived = order["delivered_at"] and self._day(order["delivered_at"])
            if order["status"] == "delivered" and not (arrived and arrived > self.as_of):
                groups[key] = self._group(kind, key)
                settled = self._settled(key)
                if settled:
                    settled_in[key] = monday(settled)
        found = {}
        for week in {monday(a["day"]) for a in self.answers}:
            # The weeks before, or the shop's first ones; the running week does not tell.
            first = max(week - timedelta(weeks=WEIGHT_WEEKS), min(settled_in.values()))
            until = min(first + timedelta(weeks=WEIGHT_WEEKS), monday(self.as_of))
            telling = [key for key, settled in settled_in.items() if first <= settled < until]
            weights = pooled({groups[key] for key in groups}, [(groups[key], key in valued) for key in telling])
            found |= {(week, key): weights[group] for key, group in groups.items()}
        return found

    def cells(self, period: str) -> dict[Key, dict[str, Any]]:
        """By (first day, days, metric, dimension, breakdown, subject)."""
        found: dict[Key, list[tuple[dict[str, Any], float]]] = defaultdict(list)
        for answer in self.answers:
            score, coded = answer["score"], answer["score"] in (BLANK, NOT_APPLICABLE)
            if not valid(answer) and not coded:
                continue
            order = self._judged(answer)
            weight = answer.get("own", 1.0)
            if order is not None:
                kind = "review" if answer["metric"] == "review" else "survey"
                weight *= self.weights[kind].get((monday(answer["day"]), answer["order"]), 1.0)
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


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def pooled(groups: set[Key], telling: list[tuple[Key, bool]]) -> dict[Key, float]:
    """What an answer of each group stands for: group by group, then what is left by stars, then by punctuality."""
    counts = {group: [0, 0] for group in groups}
    for group, is_answered in telling:
        counts[group][0] += 1
        counts[group][1] += is_answered
    everybody = [sum(count[n] for count in counts.values()) for n in (0, 1)]
    ratios: dict[Key, float] = {}
    for width in (3, 2, 1):
        pools: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
        left = [group for group in counts if group not in ratios]
        for group in left:
            pools[group[:width]] = [a + b for a, b in zip(pools[group[:width]], counts[group], strict=True)]
        for group in left:
            base, answered = pools[group[:width]]
            if answered >= MIN_STRATUM:
                ratios[group] = (base / everybody[0]) / (answered / everybody[1])
    return {group: min(ratios.get(group, 1.0), MAX_WEIGHT) for group in groups}


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
        out |= plain | {"effective_n": weighted["effective_n"]}
        if weighted.pop("effective_n") >= MIN_N:
            out |= {f"weighted_{name}": value for name, value in weighted.items()}
    return out


def figures(metric: str, answers: list[tuple[int, float]]) -> dict[str, float]:
    """Value and interval of weighted answers, by the linearized variance of their mean and no smaller than by Kish's."""
    low, high, top, bottom = SCALES[metric]
    total = sum(w for _, w in answers)
    p, d = (sum(w for s, w in answers if fits(s)) / total for fits in (lambda s: s >= top, lambda s: s <= bottom))
    mean = sum(w * s for s, w in answers) / total
    worth = {
        "csat": lambda s: float(s >= top),
        "nps": lambda s: float(s >= top) - float(s <= bottom),
    }.get(metric, float)
    middle = sum(w * worth(s) for s, w in answers) / total
    spread = sum(w * (worth(s) - middle) ** 2 for s, w in answers) / total
    variance = sum((w * (worth(s) - middle)) ** 2 for s, w in answers) / total**2
    kish = total**2 / sum(w * w for _, w in answers)
    n = min(kish, spread / variance) if variance > 1e-12 else kish
    if metric == "csat":
        found = {"value": p} | wilson_interval(p, n, Z)
    elif metric == "nps":
        found = nps_figures(p, d, n)
    else:
        found = {"value": mean} | mean_interval(mean, spread / (n - 1), n, (low, high))
    return {"effective_n": n} | found
