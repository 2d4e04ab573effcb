"""How near reviews and surveys come to what was planted: topics by class, what weights leave of the response bias, and
how many intervals hold the truth.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from huitou.errors import UserError
from huitou.shop.figures import Figure, precision_and_recall, read_truth

TOPICS = ("product_quality", "logistics", "after_sales", "other")


def reviews(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Precision and recall of each topic, and of its sentiment where the topic is right."""
    labels = {(r["review_id"], r["topic"]): r["sentiment"] for r in read_truth(truth, "review_topics.csv.gz")}
    labelled = {review for review, _ in labels}
    rows = connection.execute("select review_id, topic, sentiment from staging.stg_review_topics").fetchall()
    found = {(review, topic): sentiment for review, topic, sentiment in rows if review in labelled}
    known = {review for review, _ in found}
    true = {key for key in labels if key[0] in known}
    figures = [
        figure
        for topic in TOPICS
        for figure in precision_and_recall("reviews", topic, _of(topic, set(found)), _of(topic, true))
    ]
    both = [key for key in true if key in found]
    right = sum(found[key] == labels[key] for key in both)
    return [
        *figures,
        Figure("reviews", "sentiment of a topic: accuracy", right / len(both) if both else None, len(both)),
    ]


def _of(topic: str, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {pair for pair in pairs if pair[1] == topic}


def response_bias(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Of each question the bias of who answers, against all who were asked, and what weights leave of it.

    Over all months; a share is told in hundredths as NPS is. The last figure is the ratio of the sums of both.
    """
    asked = _rates(truth)["survey"]
    figures, plain_sum, weighted_sum, answers = [], 0.0, 0.0, 0
    for metric, dimension, n, plain, weighted in connection.execute(
        """
        select metric, dimension, sum(n),
            case metric when 'ces' then sum(score_sum)::float / sum(n) else 100.0 * (sum(positive)
                - case metric when 'nps' then sum(negative) else 0 end) / sum(n) end,
            case metric when 'ces' then sum(weighted_score_sum) / sum(weight_sum) else 100 * (sum(weighted_positive)
                - case metric when 'nps' then sum(weighted_negative) else 0 end) / sum(weight_sum) end
        from marts.satisfaction_monthly
        where breakdown = 'all' and days = 'all' and metric <> 'review'
        group by metric, dimension having sum(n) > 0 order by metric, dimension
        """
    ).fetchall():
        true = asked.get(f"{metric}.{dimension}", {}).get("of_all_asked", {}).get("value")
        if true is None:
            continue
        scale = 100 if metric == "csat" else 1
        biases = float(plain) - scale * true, float(weighted) - scale * true
        for name, bias in zip(("plain", "weighted"), biases, strict=True):
            figures.append(Figure("survey bias", f"{metric} {dimension}: {name} less true", bias, int(n)))
        # A step of ces is worth as much as a seventh of the others' hundred.
        worth = 100 / 6 if metric == "ces" else 1
        plain_sum, weighted_sum = plain_sum + worth * abs(biases[0]), weighted_sum + worth * abs(biases[1])
        answers += int(n)
    left = weighted_sum / plain_sum if plain_sum else None
    return [*figures, Figure("survey bias", "left by weights", left, answers)]


def interval_coverage(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Share of the intervals of a month's survey scores that hold what all say who were asked in that month.

    Plain intervals know of chance alone, weighted ones of that part of the response bias that weights undo: each tells
    how far to trust those of a shop whose truth nobody knows.
    """
    # A shop that was generated before it told its months is not measured by them.
    months = _rates(truth).get("survey_months", {})
    held: dict[str, list[bool]] = {"plain": [], "weighted": []}
    for month, metric, dimension, *ends in connection.execute(
        """
        select to_char(first_day, 'YYYY-MM'), metric, dimension, ci_low, ci_high, weighted_ci_low, weighted_ci_high
        from marts.satisfaction_monthly
        where breakdown = 'all' and days = 'all' and metric <> 'review'
            and ci_low is not null and weighted_ci_low is not null
        """
    ).fetchall():
        true = months.get(month, {}).get(f"{metric}.{dimension}", {}).get("value")
        if true is None:
            continue
        for name, (low, high) in zip(held, (ends[:2], ends[2:]), strict=True):
            held[name].append(low <= true <= high)
    return [
        Figure("survey intervals", f"{name}: hold the truth", sum(hits) / len(hits) if hits else None, len(hits))
        for name, hits in held.items()
    ]


def _rates(truth: Path) -> dict[str, Any]:
    path = truth / "rates.json"
    if not path.is_file():
        raise UserError(f"{path} is not there: give --shop the folder that `huitou shop generate --out` wrote.")
    rates: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return rates
