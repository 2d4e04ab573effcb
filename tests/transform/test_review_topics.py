"""Reviews read by lists of words: against labels that somebody gave who had the texts alone, and texts of every kind."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from factories.feeds import SourceFactory
from factories.raw import RawFactory
from factories.raw_world import LAST_DAY
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
LABELS = Path(__file__).parents[1] / "factories" / "labelled_reviews.csv"
MODELS = ("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious", "--select")
SENTIMENTS = {"+": "positive", "-": "negative", "0": "neutral"}
PHONE = "13812345678"
ODD = {
    "line_breaks": "质量\n很好\r\n\r\n客服耐心\t👍",
    "control": "物流太慢\x01\x1b\x7f\x85 ",
    "long": "质量差" + "很" * 34_000,
    "long_and_late": "很" * 34_000 + "质量差",
    "phone": f"质量差,打我电话{PHONE},或者 a.b@example.com",
    "quoted": 'He said "slow delivery", twice.',
}


class Read:
    """What became of the labelled reviews, and of odd ones that came by a file."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.labels = list(csv.DictReader(LABELS.open(encoding="utf-8", newline="")))
        shop = SourceFactory(folder, settings)
        names = ("review_id", "order_id", "score", "body", "created_at")
        shop.feed("reviews", names, files={"path": "{business_date}/reviews.jsonl", "format": "jsonl"})
        given = {"order_id": "o", "score": 3, "created_at": f"{LAST_DAY} 10:00:00"}
        lines = [json.dumps({"review_id": name, "body": text} | given) for name, text in ODD.items()]
        shop.drop(LAST_DAY, "reviews.jsonl", "\n".join(lines) + "\n")
        self.ingested = ingest(shop.settings, "reviews", LAST_DAY)
        with connect(settings) as connection:
            raw = RawFactory(connection)
            raw.order("o", "c", date(2026, 5, 1))
            for number, row in enumerate(self.labels):
                raw.review(str(number), "o", LAST_DAY, int(row["stars"]), body=row["text"] or None)
            dbt.run(settings, LAST_DAY, (*MODELS, "+review_topics"))
            self.topics: dict[str, dict[str, str]] = defaultdict(dict)
            self.language = {}
            rows = connection.execute("select review_id, language, topic, sentiment from staging.stg_review_topics")
            for review, language, topic, sentiment in rows:
                self.topics[review][topic] = sentiment
                self.language[review] = language
            self.everything = " ".join(
                str(connection.execute(sql.SQL("select * from {}").format(sql.Identifier(*name))).fetchall())
                for name in (("candidate", "review_topics"), ("intermediate", "int_reviews__topics"))
            )

    def true(self, number: int) -> dict[str, str]:
        return {part[:-1]: SENTIMENTS[part[-1]] for part in self.labels[number]["topics"].split("|")}


@pytest.fixture(scope="module")
def read(module_warehouse: Settings) -> Read:
    return Read(module_warehouse, module_warehouse.home / "shop")


def test_language_is_told(read: Read) -> None:
    wrong = {
        row["text"]: read.language[str(n)]
        for n, row in enumerate(read.labels)
        if read.language[str(n)] != row["language"]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("topic", "precision", "recall"),
    [("product_quality", 0.85, 0.75), ("logistics", 0.85, 0.8), ("after_sales", 0.9, 0.85), ("other", 0.65, 0.9)],
)
def test_topics_of_texts_that_the_lists_were_not_made_from(
    read: Read, topic: str, precision: float, recall: float, record_property: Any
) -> None:
    found = {n for n in range(len(read.labels)) if topic in read.topics[str(n)]}
    true = {n for n in range(len(read.labels)) if topic in read.true(n)}
    measured = len(found & true) / len(found), len(found & true) / len(true)
    record_property(topic, measured)
    missed = [read.labels[n]["text"] for n in sorted(true - found)]
    assert measured[0] >= precision, (measured, [read.labels[n]["text"] for n in sorted(found - true)])
    assert measured[1] >= recall, (measured, missed)


def test_sentiment_of_topics_that_were_found(read: Read) -> None:
    pairs = [
        (sentiment, read.topics[str(n)][topic])
        for n in range(len(read.labels))
        for topic, sentiment in read.true(n).items()
        if topic in read.topics[str(n)]
    ]
    assert sum(a == b for a, b in pairs) / len(pairs) >= 0.85
    assert len(pairs) > 50


def test_odd_texts_are_read_or_come_to_no_harm(read: Read) -> None:
    assert read.ingested.loaded == len(ODD)
    assert read.topics["line_breaks"] == {"product_quality": "neutral", "after_sales": "positive"}
    assert read.topics["control"] == {"logistics": "negative"}
    assert read.topics["long"] == {"product_quality": "negative"}
    assert read.topics["long_and_late"] == {"other": "neutral"}, "only the beginning is read"
    assert read.topics["phone"] == {"product_quality": "negative"}
    assert read.topics["quoted"] == {"logistics": "negative"}


def test_no_text_reaches_a_mart(read: Read) -> None:
    assert PHONE not in read.everything
    assert "example.com" not in read.everything
    assert not any(word in read.everything for word in ("质量", "delivery", "客服"))
