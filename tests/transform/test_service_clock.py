"""The desk's clock in SQL, held to a walk through each case by zoneinfo, in zones whose clocks change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from factories.feeds import ORDERS, SourceFactory
from factories.raw import RawFactory
from factories.service_oracle import STEPS, Case, Hours, Span, walk
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
# Zone, and a day within two weeks of which its clocks change or an ordinary one.
PLACES = (
    ("Asia/Shanghai", date(2026, 3, 10)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Asia/Kathmandu", date(2026, 3, 10)),
)
MODELS = ("stg_tickets", "stg_ticket_events", "int_service__calendar", "+int_tickets__clock")
RUN = ("run", "--select", *MODELS)
CASES = 40
# Quarters of an hour; work begins and ends at none that a change of the clocks may skip or repeat.
EDGES = [0, *range(16, 92), 96]
Steps = list[tuple[datetime, str]]


class World:
    """A warehouse in which the desk's hours and cases are put, and dbt works out their clocks."""

    def __init__(self, sources: SourceFactory, connection: psycopg.Connection) -> None:
        self.sources, self.connection = sources, connection
        self.raw = RawFactory(connection)
        self.raw.identity("c1")
        dbt.run(sources.settings, date(2026, 3, 10), ("seed",))
        dbt.run(sources.settings, date(2026, 3, 10), ("run", "--select", "+int_tickets__clock"))

    def clocks(self, hours: Hours, cases: dict[str, Steps], zone: str, as_of: date) -> dict[str, dict[str, Any]]:
        self.sources.source(time_zone=zone)
        self.connection.execute(
            "truncate staging.service_hours, staging.service_holidays, raw.tickets, raw.ticket_events"
        )
        for weekday, spans in hours.weekdays.items():
            self._hours("service_hours (weekday, opens, closes)", weekday + 1, spans)
        for day, spans in hours.days.items():
            self._hours("service_holidays (day, opens, closes)", day, spans or [None])
        for ticket, steps in cases.items():
            given = {"customer_id": "c1", "class": "other", "status": "open", "priority": "high"}
            self.raw.insert("tickets", as_of, ticket_id=ticket, opened_at=steps[0][0], **given)
            for number, (at, action) in enumerate(steps):
                event = {"event_id": f"{ticket}e{number:02}", "ticket_id": ticket, "action": action}
                self.raw.insert("ticket_events", as_of, occurred_at=at, **event)
        dbt.run(self.sources.settings, as_of, RUN)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute("select * from intermediate.int_tickets__clock").fetchall()
        return {row["ticket_id"]: row for row in rows}

    def _hours(self, into: str, key: object, spans: list[Any]) -> None:
        for span in spans:
            times = [None, None] if span is None else [f"{m // 60:02}:{m % 60:02}" for m in span]
            self.connection.execute(f"insert into staging.{into} values (%s, %s, %s)".encode(), (key, *times))


@pytest.fixture(scope="module")
def world(module_warehouse: Settings) -> Iterator[World]:
    sources = SourceFactory(module_warehouse.home, module_warehouse)
    sources.feed("orders", ORDERS)
    with connect(sources.settings) as connection:
        yield World(sources, connection)


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Hours of a day: none, a span, or two with a break."""
    edges = sorted(draw(st.lists(st.sampled_from(EDGES), min_size=2, max_size=4, unique=True)))
    found = [(15 * a, 15 * b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return found if draw(st.integers(0, 4)) else []


def made_cases(draw: Random, around: date) -> dict[str, Steps]:
    """Cases with any steps in any order, on quarters of an hour, some of them at one moment."""
    first = datetime.combine(around - timedelta(days=6), time(), UTC)
    cases = {}
    for number in range(CASES):
        moments = sorted({draw.randrange(12 * 96) for _ in range(draw.randint(1, 7))})
        actions = ["opened", *draw.choices(STEPS[1:], k=len(moments) - 1)]
        cases[f"t{number}"] = [(first + timedelta(minutes=15 * m), a) for m, a in zip(moments, actions, strict=True)]
    return cases


def shown(row: dict[str, Any]) -> Case:
    """The clock's row as the walk would tell it; turns as their sum, what still waits left out."""
    first = None if row["first_seconds"] is None else int(row["first_seconds"])
    sums = [int(row["next_seconds"]), row["next_replies"]]
    return Case(first, sums, None, row["is_open"], row["is_waiting"], int(row["seconds"]))


@settings(max_examples=10, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    place=st.sampled_from(PLACES),
    weekdays=st.fixed_dictionaries({day: spans() for day in range(7)}),
    holidays=st.dictionaries(st.integers(-6, 6), spans(), max_size=4),
    seed=st.integers(0, 2**32),
)
def test_every_clock_is_that_of_a_walk_through_the_case(
    world: World, place: tuple[str, date], weekdays: dict[int, list[Span]], holidays: dict[int, list[Span]], seed: int
) -> None:
    zone, around = place
    hours = Hours(weekdays, {around + timedelta(days=n): own for n, own in holidays.items()})
    cases = made_cases(Random(seed), around)  # noqa: S311 (a seed is the point)
    as_of = around + timedelta(days=8)
    found = world.clocks(hours, cases, zone, as_of)
    for ticket, steps in cases.items():
        wanted = walk(steps, hours, ZoneInfo(zone), as_of)
        wanted.turns, wanted.waits = [sum(wanted.turns), len(wanted.turns)], None
        assert shown(found[ticket]) == wanted, (ticket, steps)
        assert not found[ticket]["is_odd"]


def test_a_day_on_which_summer_time_begins_is_an_hour_shorter(world: World) -> None:
    always = Hours({day: [(0, 1440)] for day in range(7)})
    night = datetime(2026, 3, 28, 23, tzinfo=UTC)  # midnight in Berlin
    cases = {"t": [(night, "opened"), (night + timedelta(days=2), "resolved")]}
    found = world.clocks(always, cases, "Europe/Berlin", date(2026, 4, 1))
    assert found["t"]["seconds"] == 48 * 3600
    cases = {"t": [(night, "opened"), (night + timedelta(hours=23), "resolved")]}
    assert world.clocks(always, cases, "Europe/Berlin", date(2026, 3, 29))["t"]["seconds"] == 23 * 3600


def test_a_case_closed_or_answered_before_it_opened_is_odd(world: World) -> None:
    hours = Hours({day: [(540, 1320)] for day in range(7)})
    opened = datetime(2026, 3, 9, 4, tzinfo=UTC)
    for action in ("closed", "replied"):
        raw = {"t": [(opened, "opened"), (opened - timedelta(minutes=15), action)]}
        assert world.clocks(hours, raw, "Asia/Shanghai", date(2026, 3, 10))["t"]["is_odd"]
