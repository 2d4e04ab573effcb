"""Each rule of the satisfaction suites fails for its bad row and for no other; good rows, at the edges too, pass."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from factories.gates import NIGHT, GateFactory, Row
from huitou.quality.suites import FOLDER, load_suite

pytestmark = pytest.mark.integration

TOMORROW = NIGHT + timedelta(days=1)
MONDAY = date(2026, 3, 9)
FIGURES: Row = {
    "metric": "nps",
    "dimension": "overall",
    "breakdown": "all",
    "n": 40,
    "blank": 1,
    "not_applicable": 0,
    "positive": 20,
    "negative": 20,
    "weight_sum": 40,
    "weighted_positive": 18,
    "weighted_negative": 22,
    "is_withheld": False,
    "value": 0,
    "ci_low": -31,
    "ci_high": 31,
    "effective_n": 38,
    "weighted_value": -10,
    "weighted_ci_low": -41,
    "weighted_ci_high": 21,
}
BAD: dict[str, Row] = {
    "metric_unknown": {"metric": "stars"},
    "breakdown_unknown": {"breakdown": "colour"},
    "no_answers": {"n": 0, "positive": 0, "negative": 0, "blank": 0, "effective_n": 0, "value": None, "ci_low": None},
    "shares_do_not_fit": {"weighted_negative": 23},
    "withheld_does_not_fit": {"is_withheld": True},
    "value_out_of_range": {"value": 101, "ci_low": None, "ci_high": None},
    "interval_out_of_order": {"weighted_value": 22},
    "interval_out_of_range": {"ci_low": -101},
    "more_worth_than_answers": {"effective_n": 41},
}
NOTHING: Row = dict.fromkeys(("value", "ci_low", "ci_high", "weighted_value", "weighted_ci_low", "weighted_ci_high"))
FEW: Row = {"n": 1, "positive": 1, "negative": 0, "weight_sum": 1, "weighted_positive": 1, "weighted_negative": 0}
GOOD: dict[str, Row] = {
    "withheld": {"is_withheld": True} | NOTHING,
    "blanks_alone": {"n": 0, "positive": 0, "negative": 0, "effective_n": None, "is_withheld": True} | NOTHING,
    "one_answer": {"metric": "ces", **FEW, "effective_n": 1} | NOTHING | {"value": 7, "weighted_value": 7},
    "at_the_end": {"metric": "csat"} | NOTHING | {"value": 1, "ci_low": 0.9, "ci_high": 1, "weighted_value": 1},
}
CASES: dict[str, tuple[Row, dict[str, Row], dict[str, Row]]] = {
    "satisfaction_daily": ({"day": NIGHT}, {"answered_after_the_night": {"day": TOMORROW}}, {}),
}
for _mart in ("satisfaction_weekly", "satisfaction_monthly"):
    CASES[_mart] = (
        {"first_day": MONDAY, "last_day": NIGHT, "days": "all", "promotion_n": 2, "trend": "unknown"},
        {
            "days_unknown": {"days": "ordinary"},
            "days_out_of_order": {"last_day": TOMORROW},
            "trend_does_not_fit": {"change": 2, "change_low": 1, "change_high": 3},
        },
        {"falling": {"change": -2, "change_low": -3, "change_high": -1, "trend": "falling"}},
    )


def row_of(base: Row, subject: str, row: Row) -> Row:
    return FIGURES | base | {"subject": subject} | row


@pytest.mark.parametrize("suite", CASES)
def test_each_rule_fails_for_its_bad_row_alone(gate: GateFactory, suite: str) -> None:
    base, extra, also_good = CASES[suite]
    bad = BAD | extra
    key = load_suite(FOLDER / f"{suite}.json").key
    gate.use(suite)
    gate.mart(suite, *(row_of(base, rule, row) for rule, row in (bad | GOOD | also_good).items()))
    gate.mart(suite, *(row_of(base, "twin", {}) for _ in range(2)))

    def named(rule: str, row: Row) -> tuple[Any, ...]:
        whole = row_of(base, rule, row)
        return tuple(str(whole[column]) for column in key)

    assert {rule: set(keys) for rule, keys in gate.failures("marts").items()} == {
        **{rule: {named(rule, row)} for rule, row in bad.items()},
        "key_twice": {named("twin", {})},
    }
    assert {rule.name for rule in load_suite(FOLDER / f"{suite}.json").expectations} == {*bad, "key_twice"}


def test_review_topics_trip_each_rule_by_their_bad_row(gate: GateFactory) -> None:
    gate.use("review_topics")
    good: Row = {"first_day": MONDAY, "language": "zh", "topic": "logistics", "basis": "text"}
    good |= {"reviews": 3, "negative": 1, "neutral": 1, "positive": 1, "score_sum": 9}
    bad: dict[str, Row] = {
        "topic_unknown": {"topic": "weather"},
        "basis_does_not_fit": {"language": "other"},
        "reviews_do_not_add_up": {"positive": 2},
        "stars_out_of_range": {"score_sum": 16},
        "week_out_of_order": {"first_day": NIGHT},
    }
    score_only: Row = {"language": "none", "topic": "score_only", "basis": "score"}
    gate.mart("review_topics", *(good | {"product_id": rule} | row for rule, row in bad.items()))
    gate.mart("review_topics", good | {"product_id": "good"}, good | {"product_id": "good"} | score_only)
    gate.mart("review_topics", *(good | {"product_id": "twin"} for _ in range(2)))
    key = ("first_day", "product_id", "language", "topic")
    rows = {rule: good | {"product_id": rule} | row for rule, row in bad.items()}
    assert gate.failures("marts") == {
        **{rule: [tuple(str(row[column]) for column in key)] for rule, row in rows.items()},
        "key_twice": [(str(MONDAY), "twin", "zh", "logistics")],
    }


def test_survey_response_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("survey_response")
    good: Row = {"breakdown": "tier", "deliveries": 900, "asked": 600, "answered": 60, "response_rate": 0.1}
    good |= {"response_ci_low": 0.08, "response_ci_high": 0.13, "base_share": 0.5, "answered_share": 0.6}
    good |= {"answered_ci_low": 0.52, "answered_ci_high": 0.7, "represented": "over"}
    bad: dict[str, Row] = {
        "breakdown_unknown": {"breakdown": "colour"},
        "counts_do_not_fit": {"asked": 901},
        "rate_does_not_fit": {"response_rate": 0.14},
        "represented_does_not_fit": {"base_share": 0.53},
        "nobody_answers": {"breakdown": "all", "answered": 5},
    }
    unasked: Row = {"asked": 0, "answered": 0, "response_rate": None, "response_ci_low": None, "response_ci_high": None}
    gate.mart("survey_response", *(good | {"subject": rule} | row for rule, row in bad.items()))
    gate.mart("survey_response", good | {"subject": "unasked", "represented": "as the base"} | unasked)
    gate.mart("survey_response", *(good | {"subject": "twin"} for _ in range(2)))
    expected = {rule: [(row.get("breakdown", "tier"), rule)] for rule, row in bad.items()}
    assert gate.failures("marts") == expected | {"key_twice": [("tier", "twin")]}


def test_survey_next_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("survey_next")
    good: Row = {"ask_on": TOMORROW, "lifecycle": "new", "value_tier": "vip", "last_delivered_date": NIGHT}
    bad: dict[str, Row] = {
        "asked_too_often": {"last_asked_date": TOMORROW - timedelta(days=6)},
        "nothing_to_ask_about": {"last_delivered_date": TOMORROW},
        "group_missing": {"lifecycle": None},
    }
    gate.mart("survey_next", *(good | {"customer_key": rule} | row for rule, row in bad.items()))
    gate.mart("survey_next", good | {"customer_key": "rested", "last_asked_date": TOMORROW - timedelta(days=7)})
    gate.mart("survey_next", *(good | {"customer_key": "twin"} for _ in range(2)))
    assert gate.failures("marts") == {rule: [(rule,)] for rule in bad} | {"key_twice": [("twin",)]}


def test_survey_next_is_of_one_night(gate: GateFactory) -> None:
    gate.use("survey_next")
    good: Row = {"lifecycle": "new", "value_tier": "vip", "last_delivered_date": NIGHT - timedelta(days=1)}
    gate.mart(
        "survey_next", good | {"customer_key": "a", "ask_on": TOMORROW}, good | {"customer_key": "b", "ask_on": NIGHT}
    )
    assert gate.failures("marts") == {"not_of_this_night": [("b",)], "several_days": []}
