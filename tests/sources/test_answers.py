"""Answers to surveys as they come: twice, in contradiction, off the scale, left blank by a code."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.feeds import SourceFactory
from huitou.settings import Settings
from huitou.sources.ingest import ingest

pytestmark = pytest.mark.integration
NIGHT = date(2026, 3, 10)
COLUMNS = ("response_id", "customer_id", "metric", "dimension", "score", "answered_at")


def answers(*rows: tuple[str, str, object]) -> str:
    """A file of (response, question, score)."""
    lines = [f"{response},c1,csat,{question},{score},2026-03-10 12:00:00" for response, question, score in rows]
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


@pytest.mark.parametrize(
    ("rows", "loaded", "duplicate", "reasons"),
    [
        ([("r", "site", 4), ("r", "site", 4)], 1, 1, []),
        ([("r", "site", 4), ("r", "site", 1)], 1, 0, ["conflict:response_id+metric+dimension"]),
        ([("r", "site", 4), ("r", "service", 1), ("q", "site", 1)], 3, 0, []),
        ([("r", "site", 99), ("r", "service", 98), ("r", "transaction", 5)], 3, 0, []),
        ([("r", "site", 97), ("r", "service", -1), ("r", "product", 11)], 0, 0, ["out_of_range:score"] * 3),
        ([("r", "site", "")], 0, 0, ["missing:score"]),
    ],
    ids=["the same twice", "another to one request", "other questions", "codes", "off any scale", "no code"],
)
def test_each_answer_is_loaded_or_has_a_reason(
    warehouse: Settings,
    connection: psycopg.Connection,
    tmp_path: Path,
    rows: list[tuple[str, str, object]],
    loaded: int,
    duplicate: int,
    reasons: list[str],
) -> None:
    shop = SourceFactory(tmp_path / "shop", warehouse)
    shop.feed("survey_responses", COLUMNS)
    shop.drop(NIGHT, "survey_responses.csv", answers(*rows))
    result = ingest(shop.settings, "survey_responses", NIGHT)
    assert (result.loaded, result.duplicate) == (loaded, duplicate)
    found = connection.execute("select unnest(reasons) from quarantine.rows order by file_id, line").fetchall()
    assert [reason for (reason,) in found] == reasons
