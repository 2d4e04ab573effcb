"""Each rule of the suites on service, delivery, feedback and alerts fails for its bad rows and for no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from factories.gates import NIGHT, GateFactory, Row
from huitou.quality.suites import FOLDER, load_suite

pytestmark = pytest.mark.integration
TOMORROW = NIGHT + timedelta(days=1)

LINES: Row = {"day": NIGHT, "outcome": "refund", "reason": "quality", "lines": 2, "units": 3, "units_back": 1}
CASE: Row = {"source": "s", "customer_key": "c", "state": "resolved", "opened_day": NIGHT, "resolved_day": NIGHT} | {
    "is_odd": False,
    "holidays_known": True,
    "first_reply_minutes": 5,
    "next_reply_minutes": 0,
    "worked_minutes": 9,
}
ODD: Row = {"is_odd": True, "first_reply_minutes": None, "worked_minutes": None}
DESK: Row = {"day": NIGHT, "kind": "question", "priority": "low", "tickets": 9, "odd_tickets": 1} | {
    "resolved": 6,
    "waiting": 1,
    "replied": 7,
    "first_reply_met": 5,
    "first_reply_missed": 3,
    "next_replies": 2,
    "next_replies_met": 1,
    "resolution_met": 5,
    "resolution_missed": 2,
    "first_reply_minutes": 9,
    "next_reply_minutes": 9,
    "resolution_minutes": 9,
    "rated": 2,
    "rating_sum": 10,
}
WEEK: Row = {"week": NIGHT - timedelta(days=1), "delivery_region": "north", "seller_id": "v"} | {
    "orders": 9,
    "late_orders": 3,
    "undated_orders": 1,
    "reviewed_orders": 4,
    "score_sum": 12,
    "reviewed_late_orders": 2,
    "late_score_sum": 4,
}
EFFECT: Row = {"part": "carrier", "late_n": 4, "late_sum": 8, "timely_n": 5, "timely_sum": 20} | {
    "difference": -2,
    "ci_low": -3,
    "ci_high": -1,
}
ALERT: Row = {"day": NIGHT, "signal": "volume", "part": "feed", "direction": "down", "actual": 4} | {
    "expected": 9,
    "expected_low": 5,
    "expected_high": 12,
    "since": NIGHT,
    "is_tonight": True,
}
FEEDBACK: Row = {"source": "s", "origin": "review", "class": "product", "urgency": "high", "owner": "service"} | {
    "opened_day": NIGHT - timedelta(days=4),
    "due_day": NIGHT - timedelta(days=1),
    "resolved_day": NIGHT - timedelta(days=2),
    "follow_up_day": NIGHT,
    "state": "resolved",
    "is_overdue": False,
}
OPEN: Row = {"state": "open", "resolved_day": None, "follow_up_day": None}
MONTH: Row = {"month": NIGHT.replace(day=1), "cases": 9, "from_reviews": 4, "from_surveys": 3, "from_tickets": 2} | {
    "urgent": 1,
    "resolved": 6,
    "in_time": 5,
    "overdue": 2,
}
RECOVERY: Row = {"complaint": "none", "orders": 9, "customers": 8, "repurchased": 3, "rate": 0.33} | {
    "ci_low": 0.2,
    "ci_high": 0.5,
    "difference": 0.1,
    "difference_low": 0,
    "difference_high": 0.2,
}
WATCHED: Row = {"kind": "product", "source": "s", "reason": "returned", "place": 1, "n": 9, "bad": 4.5} | {
    "share": 0.5,
    "usual_share": 0.1,
    "shrunk_share": 0.3,
    "z": 2,
}

# Per suite: a good row, the column that names a row, and per rule the values of its bad rows beside the name.
CASES: dict[str, tuple[Row, str, dict[str, list[Row]]]] = {
    "after_sales": (
        LINES,
        "category",
        {
            "key_twice": [{}, {}],
            "delivered_after_the_night": [{"day": TOMORROW}],
            "lines_below_one": [{"lines": 0}],
            "pieces_do_not_fit": [{"units_back": 4}],
            "kept_yet_asked_back": [{"outcome": "(kept)", "reason": "(kept)"}],
            "reason_does_not_fit": [{"reason": "(kept)"}],
        },
    ),
    "after_sales_tickets": (
        CASE,
        "ticket_id",
        {
            "key_twice": [{}, {}],
            "customer_missing": [{"customer_key": None}],
            "state_unknown": [{"state": "lost", "resolved_day": None}],
            "end_does_not_fit": [{"resolved_day": None}],
            "opened_after_the_night": [{"opened_day": TOMORROW}],
            "minutes_negative": [{"next_reply_minutes": -1}],
            "reply_after_the_end": [{"first_reply_minutes": 10}],
            "holidays_end": [{"holidays_known": False}],
        },
    ),
    "service_daily": (
        DESK,
        "class",
        {
            "key_twice": [{}, {}],
            "opened_after_the_night": [{"day": TOMORROW}],
            "tickets_below_one": [dict.fromkeys(DESK.keys() - {"day", "kind", "priority"}, 0)],
            "states_do_not_fit": [{"waiting": 4}],
            "first_replies_do_not_fit": [{"first_reply_met": 6}],
            "next_replies_do_not_fit": [{"next_replies_met": 3}],
            "resolutions_do_not_fit": [{"resolution_met": 7}],
            "minutes_negative": [{"resolution_minutes": -1}],
            "rating_out_of_range": [{"rating_sum": 11}],
        },
    ),
    "delivery_performance": (
        WEEK,
        "carrier",
        {
            "key_twice": [{}, {}],
            "delivered_after_the_night": [{"week": NIGHT + timedelta(days=6)}],
            "week_begins_otherwise": [{"week": NIGHT}],
            "late_do_not_fit": [{"late_orders": 9}],
            "reviews_do_not_fit": [{"reviewed_orders": 10}],
            "scores_out_of_range": [{"late_score_sum": 11}],
        },
    ),
    "lateness_effect": (
        EFFECT,
        "part_name",
        {
            "key_twice": [{}, {}],
            "part_unknown": [{"part": "weather"}],
            "sides_too_small": [{"late_n": 1, "late_sum": 1}],
            "scores_out_of_range": [{"timely_sum": 26}],
            "interval_does_not_fit": [{"ci_high": -2.5}],
        },
    ),
    "alerts": (
        ALERT | {"part": "carrier"},
        "part_name",
        {
            "key_twice": [{}, {}],
            "raised_after_the_night": [{"day": TOMORROW, "is_tonight": False}],
            "signal_unknown": [{"signal": "weather"}],
            "within_its_range": [{"actual": 6}],
            "expected_outside_its_range": [{"expected_high": 8.9}],
            "direction_does_not_fit": [{"direction": "up"}],
            "feed_without_its_cause": [{"part": "feed", "cause_name": "another"}],
            "since_does_not_fit": [{"since": TOMORROW}],
        },
    ),
    "feedback_cases": (
        FEEDBACK,
        "case_id",
        {
            "key_twice": [{}, {}],
            "origin_unknown": [{"origin": "rumour"}],
            "owner_missing": [{"owner": None}],
            "state_does_not_fit": [{"state": "open"}],
            "days_do_not_fit": [{"follow_up_day": NIGHT - timedelta(days=3)}],
            "opened_after_the_night": [OPEN | {"opened_day": TOMORROW, "due_day": NIGHT + timedelta(days=2)}],
            "overdue_does_not_fit": [OPEN],
        },
    ),
    "feedback_monthly": (
        MONTH,
        "class",
        {
            "key_twice": [{}, {}],
            "month_begins_otherwise": [{"month": NIGHT}],
            "opened_after_the_night": [{"month": NIGHT.replace(month=4, day=1)}],
            "origins_do_not_add_up": [{"from_tickets": 3}],
            "resolved_do_not_fit": [{"in_time": 7}],
            "urgent_do_not_fit": [{"urgent": 10}],
        },
    ),
    "product_watchlist": (
        WATCHED,
        "subject_id",
        {
            "key_twice": [{}, {}],
            "kind_unknown": [{"kind": "carrier"}],
            "place_below_one": [{"place": 0}],
            "bad_do_not_fit": [{"bad": 10}],
            "not_worse_than_usual": [{"z": -1}],
            "shrunk_the_wrong_way": [{"shrunk_share": 0.6}],
        },
    ),
}


@pytest.mark.parametrize("suite", CASES)
def test_each_rule_fails_for_its_bad_rows_alone(gate: GateFactory, suite: str) -> None:
    good, named, bad = CASES[suite]
    loaded = load_suite(FOLDER / f"{suite}.json")
    gate.use(suite)
    gate.mart(suite, good | {named: "good"})
    gate.mart(suite, *(good | {named: rule} | row for rule, rows in bad.items() for row in rows))
    place = loaded.key.index(named)
    failures = {rule: {key[place] for key in keys} for rule, keys in gate.failures("marts").items()}
    assert failures == {rule: {rule} for rule in bad}
    assert {rule.name for rule in loaded.expectations} == bad.keys() | TWO_RULES.get(suite, set())


# Rules whose bad rows another rule warns of as well.
TWO_RULES = {"after_sales_tickets": {"odd_yet_timed", "steps_before_the_opening"}}


def test_an_odd_case_is_told_and_has_no_times(gate: GateFactory) -> None:
    gate.use("after_sales_tickets")
    gate.mart("after_sales_tickets", CASE | ODD | {"ticket_id": "odd"})
    gate.mart("after_sales_tickets", CASE | ODD | {"ticket_id": "timed", "resolution_met": True})
    failures = {rule: {key[1] for key in keys} for rule, keys in gate.failures("marts").items()}
    assert failures == {"odd_yet_timed": {"timed"}, "steps_before_the_opening": {"odd", "timed"}}


def test_recovery_effect_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("recovery_effect")
    bad: dict[str, Row] = {
        "complaint_unknown": {"complaint": "half"},
        "orders_do_not_fit": {"complaint": "none", "repurchased": 10},
        "difference_does_not_fit": {"complaint": "unresolved"},
        "interval_does_not_fit": {"complaint": "resolved", "rate": 0.6},
    }
    gate.mart("recovery_effect", *(RECOVERY | row for row in bad.values()))
    failures = {rule: {key[0] for key in keys} for rule, keys in gate.failures("marts").items()}
    assert failures == {rule: {row["complaint"]} for rule, row in bad.items()}
    gate.mart("recovery_effect", RECOVERY)
    assert gate.failures("marts")["key_twice"] == [("none",)]
