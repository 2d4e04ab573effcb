"""What the report of a night tells a person, drawn as it is printed."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console

from factories.gates import NIGHT, GateFactory
from huitou.report import collect, draw
from huitou.settings import Settings

pytestmark = pytest.mark.integration
MARTS = ("alerts", "customer_segments", "satisfaction_recent")
CALM = {"actual": 1, "expected": 9, "expected_low": 2, "expected_high": 16, "z": -4, "since": NIGHT}
WORST = {
    **CALM,
    "signal": "lateness",
    "part": "all",
    "part_name": "all",
    "direction": "up",
    "actual": 2000,
    "expected": 8,
    "expected_high": 18.5,
    "z": 5,
    "cause_part": "carrier",
    "cause_name": "slow",
    "cause_share": 0.75,
    "since": NIGHT - timedelta(days=1),
}
QUIET_FEED = {**CALM, "signal": "volume", "part": "feed", "part_name": "orders", "direction": "down"}
UNCAUSED = {**CALM, "signal": "orders", "part": "all", "part_name": "all", "direction": "down", "z": -3}


@pytest.fixture
def marts(tmp_path: Path, warehouse: Settings, connection: psycopg.Connection) -> GateFactory:
    """A night whose marts stand; none of them has a row."""
    factory = GateFactory(tmp_path, warehouse, connection)
    for name in MARTS:
        factory.mart(name)
    return factory


def told(marts: GateFactory, stand_at: date = NIGHT) -> str:
    """The report of NIGHT as text, once the candidates are published as those of ``stand_at``."""
    for name in MARTS:
        marts.connection.execute(f"alter table candidate.{name} set schema marts".encode())
    marts.connection.execute("insert into ops.publications (business_date, rows) values (%s, '{}')", (stand_at,))
    console = Console(file=io.StringIO(), width=140)
    draw(collect(marts.settings, NIGHT), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows_of(text: str, title: str) -> list[list[str]]:
    """The cells of the table under that title, below its head."""
    lines = [line.strip() for line in text.splitlines()]
    below = lines[lines.index(title) + 1 :]
    body = [line for line in below[: next(n for n, line in enumerate(below) if line.startswith("└"))] if "│" in line]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in body]


def with_day(row: dict[str, Any], day: date = NIGHT) -> dict[str, Any]:
    return {"day": day, "is_tonight": day == NIGHT, **row}


def test_tonight_s_alerts_are_told_the_farthest_out_first_with_range_and_cause(marts: GateFactory) -> None:
    feed = {"cause_part": "feed", "cause_name": "orders"}
    marts.mart("alerts", *map(with_day, (UNCAUSED, QUIET_FEED | feed, WORST)))
    before = str(NIGHT - timedelta(days=1))
    assert rows_of(told(marts), "Alerts") == [
        ["lateness", "all", "up", "2,000.00", "8.00", "2.00 … 18.50", "carrier slow 75 %", before],
        ["volume", "feed orders", "down", "1.00", "9.00", "2.00 … 16.00", "feed orders", str(NIGHT)],
        ["orders", "all", "down", "1.00", "9.00", "2.00 … 16.00", "", str(NIGHT)],
    ]


def test_none_is_told_when_only_earlier_days_were_out(marts: GateFactory) -> None:
    marts.mart("alerts", with_day(WORST, NIGHT - timedelta(days=1)))
    text = told(marts)
    assert "Alerts: none\n" in text
    assert "lateness" not in text


def test_alerts_are_past_when_the_marts_stand_at_another_date(marts: GateFactory) -> None:
    marts.mart("alerts", with_day(WORST))
    text = told(marts, NIGHT + timedelta(days=1))
    assert "Alerts" not in text
    assert "people, alerts and satisfaction of this date are past" in text
