"""Classes over time, cohorts and repurchase in a real warehouse, held against a replay of every day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from scipy.stats import binomtest

from factories.marts_oracle import Oracle
from factories.raw_world import LAST_DAY, fill
from factories.segments_oracle import class_of_rows, class_on, is_near, repurchase, retained
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.transform.segment_moves import moved
from huitou.warehouse.connection import connect
from huitou.warehouse.publish import publish

pytestmark = pytest.mark.integration
MODELS = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
History = dict[str, list[tuple[date, date | None, str]]]


class World:
    """A filled warehouse, its history as built, and what the oracle says of its people."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self.settings, self.connection = settings, connection
        self.raw = fill(connection, customers=60, orders=320)
        # People at the edges of each window: gaps of 60, 61, 90, 91 and 121 days, in every order.
        for number, gaps in enumerate([(91, 90), (91, 61, 90), (91, 60, 90), (181, 120), (30, 91, 121), (90,) * 3]):
            self._rhythm(f"rhythm{number}", gaps)
        self.build(LAST_DAY)

    def _rhythm(self, customer: str, gaps: tuple[int, ...]) -> None:
        day = LAST_DAY - timedelta(days=sum(gaps) + 40)
        for number, gap in enumerate((0, *gaps)):
            day += timedelta(days=gap)
            self.raw.order(f"{customer}_{number}", customer, day)

    def build(self, as_of: date) -> None:
        dbt.run(self.settings, as_of, MODELS)

    def rows(self, mart: str) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from candidate.{}").format(sql.Identifier(mart))).fetchall()

    def history(self) -> History:
        found: History = defaultdict(list)
        for row in self.rows("customer_segment_history"):
            found[row["customer_key"]].append((row["valid_from"], row["valid_to"], row["lifecycle"]))
        return found

    def orders(self, as_of: date) -> dict[str, list[date]]:
        """Each customer's order days with repeats, by the oracle."""
        found: dict[str, list[date]] = defaultdict(list)
        for order in Oracle(self.connection, as_of).orders.values():
            if order["is_sale"]:
                found[order["customer_key"]].append(order["day"])
        return found

    def registered(self) -> dict[str, date]:
        return {r["customer_key"]: r["registered_date"] for r in self.rows("customer_segments") if r["registered_date"]}


@pytest.fixture(scope="module")
def world(module_warehouse: Settings) -> Iterator[World]:
    with connect(module_warehouse) as connection:
        yield World(module_warehouse, connection)


def test_history_equals_the_replay_of_every_day(world: World) -> None:
    history, orders, registered = world.history(), world.orders(LAST_DAY), world.registered()
    assert history.keys() == orders.keys() | registered.keys()
    for key, rows in history.items():
        for back in range(560):
            day = LAST_DAY - timedelta(days=back)
            expected = class_on(day, orders.get(key, []), registered.get(key))
            assert class_of_rows(day, rows) == expected, (key, day)
    assert {name for rows in history.values() for *_, name in rows} == {
        *("potential", "new", "active", "loyal", "at_risk", "lost")
    }


def test_history_holds_changes_alone(world: World) -> None:
    for rows in world.history().values():
        ordered = sorted(rows)
        for (_, end, name), (first, _, following) in pairwise(ordered):
            assert end == first
            assert name != following
        assert ordered[-1][1] is None


def test_migrations_equal_the_classes_of_both_days(world: World) -> None:
    orders, registered = world.orders(LAST_DAY), world.registered()
    spans = {"day": LAST_DAY - timedelta(days=1), "week": LAST_DAY - timedelta(days=7), "month": date(2026, 5, 30)}
    expected: dict[tuple[str, str, str], int] = defaultdict(int)
    for span, first in spans.items():
        for key in orders.keys() | registered.keys():
            pair = [class_on(day, orders.get(key, []), registered.get(key)) for day in (first, LAST_DAY)]
            expected[span, pair[0] or "none", str(pair[1])] += 1
    found = {(r["span"], r["from_lifecycle"], r["to_lifecycle"]): r for r in world.rows("segment_migrations")}
    assert {key: row["customers"] for key, row in found.items()} == expected
    for span in spans:
        for name in {key[1] for key in found if key[0] == span}:
            assert abs(float(sum(r["share"] for k, r in found.items() if k[:2] == (span, name))) - 1) < 0.001


def test_cohorts_equal_the_oracle_and_no_month_is_told_before_it_ends(world: World) -> None:
    found = {
        ((r["cohort_month"].year, r["cohort_month"].month), r["months_since"]): r
        for r in world.rows("cohort_retention")
    }
    expected = retained(sorted(days) for days in world.orders(LAST_DAY).values())
    assert {key: row["retained"] for key, row in found.items() if row["retained"]} == expected
    assert max((r["cohort_month"].year * 12 + r["cohort_month"].month + r["months_since"]) for r in found.values()) == (
        LAST_DAY.year * 12 + LAST_DAY.month
    )
    days = world.connection.execute("select sum(net_base) from intermediate.int_customers__order_days").fetchone()
    assert sum(row["net_spend"] for row in found.values()) == days[0]


@pytest.mark.parametrize(
    ("mart", "part", "whole"),
    [("cohort_retention", "retained", "customers"), ("customer_activity", "lost_customers", "customers_at_start")],
)
def test_intervals_of_shares_are_those_of_scipy(world: World, mart: str, part: str, whole: str) -> None:
    rows = [row for row in world.rows(mart) if row[whole] >= row[part] and row[whole] > 0]
    assert any(0 < row[part] < row[whole] for row in rows)
    for row in rows:
        low, high = binomtest(row[part], row[whole]).proportion_ci(0.95, "wilson")
        assert is_near(row["ci_low"], low), row
        assert is_near(row["ci_high"], high), row
    others = [row for row in world.rows(mart) if row not in rows]
    assert all(row["ci_low"] is row["ci_high"] is None for row in others)


def test_repurchase_equals_the_oracle_with_and_without_censoring(world: World) -> None:
    people = [sorted(set(days)) for days in world.orders(LAST_DAY).values()]
    rows = {row["window_days"]: row for row in world.rows("repurchase_rate")}
    assert set(rows) == {30, 60, 90, 180, 365}
    for window, row in rows.items():
        buyers, back, survived = repurchase(people, LAST_DAY, window)
        assert (row["buyers"], row["repurchased"]) == (buyers, back)
        assert is_near(row["rate"], back / buyers)
        assert is_near(row["km_rate"], survived)
        assert row["km_ci_low"] < row["km_rate"] < row["km_ci_high"]


def test_activity_adds_up_to_the_buyers(world: World) -> None:
    orders = world.orders(LAST_DAY)
    rows = world.rows("customer_activity")
    for period in ("day", "week", "month"):
        mine = [row for row in rows if row["period"] == period]
        for row in mine:
            active = {k for k, days in orders.items() if any(row["first_day"] <= d <= row["last_day"] for d in days)}
            assert row["active_customers"] == len(active), row
            before = row["first_day"] - timedelta(days=1)
            standing = [class_on(before, days, None) for days in orders.values()]
            assert row["customers_at_start"] == sum(name not in (None, "lost") for name in standing), row
    assert {row["churn_rate"] is None for row in rows} == {True, False}


def test_moves_between_any_two_dates_are_those_of_the_classes(world: World) -> None:
    publish(world.settings, LAST_DAY, ("customer_segment_history",))
    orders, registered = world.orders(LAST_DAY), world.registered()
    first, last = date(2025, 11, 11), date(2026, 4, 1)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for key in orders.keys() | registered.keys():
        before, after = (class_on(day, orders.get(key, []), registered.get(key)) for day in (first, last))
        if after:
            expected[before or "none", after] += 1
    moves = moved(world.settings, first, last)
    assert {(m.from_lifecycle, m.to_lifecycle): m.customers for m in moves} == expected
    for wrong, says in (((last, first), "earlier one first"), ((first, LAST_DAY + timedelta(days=1)), "stand at")):
        with pytest.raises(UserError, match=says):
            moved(world.settings, *wrong)


def test_an_older_date_gives_what_it_gave_and_a_late_order_touches_its_customer_alone(world: World) -> None:
    earlier = LAST_DAY - timedelta(days=100)
    newest = world.history()
    world.build(earlier)
    then = world.history()
    late = LAST_DAY - timedelta(days=200)
    key = world.raw.order("late_one", "rhythm5", late, known=LAST_DAY)
    world.build(LAST_DAY)
    after = world.history()
    assert {k for k in after if after[k] != newest.get(k)} == {key}
    closed = [row for row in newest[key] if row[1] is not None and row[1] <= late]
    assert closed
    assert [row for row in after[key] if row in closed] == closed
    world.build(earlier)
    assert world.history() == then
