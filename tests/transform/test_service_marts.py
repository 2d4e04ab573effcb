"""The marts of service, deliveries and feedback, held against Python that reads raw alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from scipy.stats import beta

from factories.raw import ZONE
from factories.raw_world import LAST_DAY
from factories.service_oracle import Hours, walk
from factories.service_world import BAD_PRODUCT, PRODUCTS, REVIEW_TEXTS, fill_service
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
MARTS = ("after_sales", "after_sales_tickets", "service_daily", "delivery_performance", "lateness_effect")
MARTS += ("delivery_daily", "feedback_cases", "feedback_monthly", "recovery_effect", "product_watchlist")
BUILD = ("build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
BUILD += ("--select", *(f"+{mart}" for mart in MARTS))
# The numbers of the seeds, written out once more.
DESK = Hours({day: [(600, 1200)] if day > 4 else [(540, 1320)] for day in range(7)})
DESK.days.update({date(2026, 2, d): [] for d in (17, 18, 19)} | {date(2026, 2, 16): [(540, 900)]})
DESK.days.update({date(2026, *day): [] for day in ((1, 1), (4, 5), (5, 1), (5, 2), (6, 19))})
RESOLUTION = {"urgent": 480, "high": 960, "normal": 1920, "unstated": 1920}
SCALES = {"review": (1, 2), "csat": (1, 2)}
Row = dict[str, Any]


def local(moment: Any) -> date:
    day: date = moment.astimezone(ZONE).date()
    return day


class World:
    """The shop of ``fill_service`` as of LAST_DAY, and raw by another road."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.orders = {row["order_id"]: row for row in self.raw("orders")}
        self.lines: dict[str, list[Row]] = defaultdict(list)
        for line in self.raw("order_lines"):
            self.lines[line["order_id"]].append(line)
        self.steps: dict[str, list[Row]] = defaultdict(list)
        for step in sorted(self.raw("ticket_events"), key=lambda s: s["occurred_at"]):
            self.steps[step["ticket_id"]].append(step)

    def raw(self, feed: str) -> list[Row]:
        return self._rows("raw", feed)

    def mart(self, name: str) -> list[Row]:
        return self._rows("candidate", name)

    def delivered(self) -> list[Row]:
        return [o for o in self.orders.values() if o["status"] == "delivered"]

    def reviews(self) -> dict[str, Row]:
        return {row["order_id"]: row for row in self.raw("reviews")}

    def _rows(self, schema: str, table: str) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, table))).fetchall()


@pytest.fixture(scope="module")
def world(module_warehouse: Settings) -> Iterator[World]:
    with connect(module_warehouse) as connection:
        fill_service(connection)
        dbt.run(module_warehouse, LAST_DAY, BUILD)
        yield World(connection)


def test_every_ticket_has_the_times_of_a_walk_on_the_desk_s_clock(world: World) -> None:
    found = {row["ticket_id"]: row for row in world.mart("after_sales_tickets")}
    tickets = {row["ticket_id"]: row for row in world.raw("tickets")}
    assert found.keys() == tickets.keys()
    for ticket, row in found.items():
        if ticket == "odd":
            continue
        steps = [(tickets[ticket]["opened_at"], "opened")]
        steps += [(s["occurred_at"], s["action"]) for s in world.steps[ticket]]
        case = walk(steps, DESK, ZoneInfo("Asia/Shanghai"), LAST_DAY)
        assert float(row["worked_minutes"]) == case.worked / 60
        assert row["first_reply_minutes"] == (None if case.first is None else case.first / 60)
        assert (row["next_replies"], float(row["next_reply_minutes"])) == (len(case.turns), sum(case.turns) / 60)
        late = case.worked > 60 * RESOLUTION[row["priority"]]
        assert row["resolution_met"] == (False if late else None if case.is_open else True)
        assert row["state"] == ("resolved" if not case.is_open else "waiting" if case.is_waiting else "open")
    assert {row["state"] for row in found.values()} == {"open", "waiting", "resolved"}


def test_a_ticket_closed_before_it_opened_has_no_times(world: World) -> None:
    (odd,) = [row for row in world.mart("after_sales_tickets") if row["is_odd"]]
    assert odd["ticket_id"] == "odd"
    assert (odd["worked_minutes"], odd["first_reply_met"], odd["resolution_met"]) == (None, None, None)


def test_days_of_service_are_the_sums_of_their_tickets(world: World) -> None:
    tickets, days = world.mart("after_sales_tickets"), world.mart("service_daily")
    assert sum(row["tickets"] for row in days) == len(tickets)
    assert sum(row["odd_tickets"] for row in days) == 1
    for column in ("first_reply_met", "resolution_met"):
        assert sum(row[column] for row in days) == sum(row[column] is True for row in tickets)
    assert sum(row["resolution_missed"] for row in days) == sum(row["resolution_met"] is False for row in tickets)
    resolved = [row["worked_minutes"] for row in tickets if row["state"] == "resolved" and not row["is_odd"]]
    assert sum(row["resolution_minutes"] for row in days) == sum(resolved)


def test_every_delivered_line_is_kept_or_came_back(world: World) -> None:
    asked = {(r["order_id"], r["line_no"]): r for r in world.raw("returns") if r["status"] != "rejected"}
    expected: Counter[Any] = Counter()
    for order in world.delivered():
        for line in world.lines[order["order_id"]]:
            back = asked.get((order["order_id"], line["line_no"]))
            outcome = (back["kind"] or "unstated", back["reason"] or "unstated") if back else ("(kept)", "(kept)")
            expected[local(order["delivered_at"]), PRODUCTS.get(line["product_id"]) or "(none)", *outcome] += 1
    found = {(r["day"], r["category"], r["outcome"], r["reason"]): r["lines"] for r in world.mart("after_sales")}
    assert found == expected
    assert len({outcome for _, _, outcome, _ in found}) == 5


def test_deliveries_add_up_to_those_of_the_day_by_every_part(world: World) -> None:
    rows, daily = world.mart("delivery_performance"), world.mart("delivery_daily")
    assert sum(r["orders"] for r in rows) == sum(r["orders"] for r in daily)
    assert sum(r["late_orders"] for r in rows) == sum(r["orders"] for r in daily if r["is_late"])
    assert sum(r["score_sum"] for r in rows) == sum(r["score_sum"] for r in daily)
    last: dict[str, Row] = {}
    for parcel in world.raw("deliveries"):
        kept = last.get(parcel["order_id"])
        if parcel["delivered_at"] and (kept is None or parcel["delivered_at"] > kept["delivered_at"]):
            last[parcel["order_id"]] = parcel
    promised = [o for o in world.delivered() if o["promised_at"]]
    carriers = Counter(last.get(o["order_id"], {}).get("carrier") or "unstated" for o in promised)
    found: Counter[str] = Counter()
    for row in rows:
        found[row["carrier"]] += row["orders"]
    assert found == carriers
    assert found.keys() == {"swift", "slow", "unstated"}
    assert {r["seller_id"] for r in rows} >= {"v", "w", "(several)", "unstated"}


def test_a_delivery_before_its_order_is_on_time_on_its_own_day(world: World) -> None:
    week = LAST_DAY - timedelta(days=23)
    week -= timedelta(days=week.weekday())
    rows = [r for r in world.mart("delivery_performance") if r["week"] == week and r["seller_id"] == "unstated"]
    assert sum(r["orders"] - r["late_orders"] for r in rows if r["carrier"] == "unstated") >= 1


def test_lateness_costs_the_difference_of_two_means(world: World) -> None:
    scores: dict[bool, list[int]] = {True: [], False: []}
    reviews = world.reviews()
    for order in world.delivered():
        if order["promised_at"] and order["order_id"] in reviews:
            scores[order["delivered_at"] > order["promised_at"]].append(reviews[order["order_id"]]["score"])
    (row,) = [row for row in world.mart("lateness_effect") if row["part"] == "all"]
    late, timely = np.array(scores[True]), np.array(scores[False])
    assert (row["late_n"], row["timely_n"]) == (len(late), len(timely))
    assert float(row["difference"]) == pytest.approx(late.mean() - timely.mean(), abs=1e-4)
    error = np.sqrt(late.var(ddof=1) / len(late) + timely.var(ddof=1) / len(timely))
    assert float(row["ci_high"] - row["ci_low"]) / 2 == pytest.approx(2 * error, rel=0.03)


def test_each_piece_of_feedback_is_one_case(world: World) -> None:
    found = {(row["origin"], row["case_id"]): row for row in world.mart("feedback_cases")}
    tickets = {r["ticket_id"]: r for r in world.raw("tickets") if r["kind"] != "question"}
    reviews = {r["review_id"]: r for r in world.raw("reviews") if r["score"] <= 2}
    surveys = {r["response_id"] for r in world.raw("survey_responses") if r["score"] <= 2}
    assert found.keys() == {
        *(("ticket", key) for key in tickets),
        *(("review", key) for key in reviews),
        *(("survey", key) for key in surveys),
    }
    ends = {r["ticket_id"]: r["resolved_day"] for r in world.mart("after_sales_tickets")}
    for key, review in reviews.items():
        row = found["review", key]
        order = world.orders[review["order_id"]]
        late = order["promised_at"] is not None and order["delivered_at"] > order["promised_at"]
        back = any(r["order_id"] == order["order_id"] for r in world.raw("returns"))
        said = REVIEW_TEXTS[review["body"]]
        assert row["class"] == (said or ("delivery" if late else "product" if back else "unclassified"))
        assert row["urgency"] == ("high" if review["score"] == 1 else "normal")
        opened = local(review["created_at"])
        own = [local(review["answered_at"])] if review["answered_at"] else []
        own += [
            end
            for ticket, end in ends.items()
            if ticket in tickets and tickets[ticket]["order_id"] == order["order_id"] and end and end >= opened
        ]
        assert row["resolved_day"] == min(own, default=None)
        assert row["due_day"] == opened + timedelta(days=1 if review["score"] == 1 else 3)
        assert row["is_overdue"] == ((row["resolved_day"] or LAST_DAY) > row["due_day"])
    assert {REVIEW_TEXTS[review["body"]] for review in reviews.values()} == set(REVIEW_TEXTS.values())
    monthly = world.mart("feedback_monthly")
    seen = Counter(row["opened_day"].replace(day=1) for row in found.values())
    hidden = {row["month"] for row in monthly if row["is_withheld"]}
    for month, cases in seen.items():
        shown = sum(row["cases"] for row in monthly if row["month"] == month and not row["is_withheld"])
        assert (0 < cases - shown < 5) if month in hidden else cases == shown


def test_recovery_watches_each_order_as_long_as_the_others(world: World) -> None:
    keys = dict(world.connection.execute("select customer_id, customer_key from vault.identities").fetchall())
    sales: dict[str, set[date]] = defaultdict(set)
    for order in world.orders.values():
        sales[keys[order["customer_id"]]].add(local(order["ordered_at"]))
    cases: dict[str, list[Row]] = defaultdict(list)
    for case in world.mart("feedback_cases"):
        cases[case["order_id"]].append(case)
    counts: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for order in world.delivered():
        arrived = local(order["delivered_at"])
        about = [c for c in cases[order["order_id"]] if c["opened_day"] <= arrived + timedelta(days=30)]
        first = min(about, key=lambda c: (c["opened_day"], c["origin"], c["case_id"]), default=None)
        start = (first["opened_day"] if first else arrived) + timedelta(days=2)
        if start + timedelta(days=60) > LAST_DAY:
            continue
        settled = first and first["resolved_day"] and first["resolved_day"] <= start
        group = "none" if first is None else "resolved" if settled else "unresolved"
        counts[group] += 1
        days = sales[keys[order["customer_id"]]]
        back[group] += any(start < day <= start + timedelta(days=60) for day in days)
    found = {row["complaint"]: (row["orders"], row["repurchased"]) for row in world.mart("recovery_effect")}
    assert found == {group: (counts[group], back[group]) for group in counts}
    assert found.keys() == {"none", "resolved", "unresolved"}


def test_the_watch_list_believes_what_a_beta_binomial_does(world: World) -> None:
    rows = world.mart("product_watchlist")
    (worst,) = [row for row in rows if (row["kind"], row["reason"], row["place"]) == ("product", "low_score", 1)]
    assert worst["subject_id"] == BAD_PRODUCT
    for row in rows:
        strength = 10 if row["reason"] == "low_score" else 40
        a = float(row["bad"]) + strength * float(row["usual_share"])
        believed = beta(a, float(row["n"]) + strength - a)
        assert float(row["shrunk_share"]) == pytest.approx(believed.mean(), abs=2e-4)
        assert float(row["z"]) == pytest.approx(
            (believed.mean() - float(row["usual_share"])) / believed.std(), abs=0.02
        )
