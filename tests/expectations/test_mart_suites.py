"""Each rule of a mart suite fails for its bad row and for no other; good rows, at the edges too, pass.

A bad row bears the name of the rule that it breaks as its key. The tables have the columns that dbt declares.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from factories.gates import NIGHT, GateFactory, Row
from huitou.quality.suites import FOLDER, load_suite

pytestmark = pytest.mark.integration

TOMORROW = NIGHT + timedelta(days=1)
VALUE: Row = {
    "orders": 2,
    "gross": 105,
    "discounts": 5,
    "refunds": 10,
    "net_spend": 90,
    "unconverted_orders": 0,
    "flagged_orders": 2,
    "flagged_net": 90,
    "first_order_date": date(2026, 1, 1),
    "last_order_date": NIGHT,
    "orders_in_window": 2,
    "net_spend_in_window": 90,
    "recency_score": 5,
    "frequency_score": 1,
    "monetary_score": 3,
    "segment": "recent",
    "segment_zh": "新近客户",
    "value_tier": "regular",
    "purchase_days": 2,
    "mean_days_between": 68,
    "median_days_between": 68,
    "p_alive": 0.5,
    "expected_orders_90d": 0.2,
    "expected_orders_365d": 0.2,
    "expected_spend_90d": 9,
    "expected_spend_365d": 9,
    "next_order_date": NIGHT,
    "next_order_from": NIGHT,
    "next_order_to": NIGHT,
}
PERSON: Row = {"lifecycle": "new", "since": NIGHT, "orders": 1, "last_order_date": NIGHT}
ANSWERS: Row = {
    "day": NIGHT,
    "metric": "nps",
    "dimension": "overall",
    "n": 4,
    "positive": 2,
    "negative": 2,
    "value": 0,
    "ci_low": -98,
    "ci_high": 98,
}
LISTED: Row = {
    "business_date": NIGHT,
    "segment": "at_risk",
    "value": 90,
    "reason": "Last order on 2026-01-01, 68 days ago; net spend: 90.00 CNY.",
    "reason_zh": "最近一次下单 2026-01-01，净消费 90.00 CNY。",
}


def of(bad: dict[str, Row], base: Row) -> list[Row]:
    return [base | {"customer_key": rule} | row for rule, row in bad.items()]


def named(bad: dict[str, Row]) -> dict[str, list[tuple[str, ...]]]:
    return {rule: [(rule,)] for rule in bad}


def test_customer_value_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_value")
    bad: dict[str, Row] = {
        "no_orders": {"orders": 0, "orders_in_window": 0},
        "orders_in_window_do_not_fit": {"orders_in_window": 3},
        "unconverted_orders_do_not_fit": {"unconverted_orders": 3},
        "unconverted_orders": {"unconverted_orders": 1},
        "flagged_orders_do_not_fit": {"flagged_orders": 3},
        "flagged_net_without_orders": {"flagged_orders": 0},
        "refunds_negative": {"refunds": -0.01, "net_spend": 100.01},
        "net_spend_negative": {"net_spend": -0.01, "refunds": 100.01},
        "first_after_last_order": {"first_order_date": NIGHT, "last_order_date": date(2026, 3, 9)},
        "ordered_after_the_night": {"last_order_date": TOMORROW},
        "score_out_of_range": {"monetary_score": 6},
        "segment_missing": {"segment": None},
        "money_does_not_add_up": {"gross": 105.01},
        "purchase_days_do_not_fit": {"purchase_days": 3},
        "days_between_do_not_fit": {"median_days_between": 0.5},
        "tier_missing": {"value_tier": None},
        "p_alive_out_of_range": {"p_alive": 1.01},
        "expected_orders_out_of_order": {"expected_orders_365d": 0.1},
        "expected_spend_out_of_order": {"expected_spend_90d": -1},
        "some_are_not_predicted": {"p_alive": None},
        "next_order_out_of_order": {"next_order_to": NIGHT - timedelta(days=1)},
        "orders_far_above_history": {"expected_orders_365d": 366},
    }
    good: list[Row] = [
        {"customer_key": "free", "net_spend": 0, "refunds": 0, "gross": 5},
        {"customer_key": "open_end", "next_order_to": None},
        {"customer_key": "once", "purchase_days": 1, "mean_days_between": None, "median_days_between": None},
        {"customer_key": "one_day", "first_order_date": NIGHT, "orders_in_window": 0},
    ]
    gate.mart("customer_value", *of(bad, VALUE), *(VALUE | row for row in good))
    gate.mart("customer_value", VALUE | {"customer_key": None}, VALUE | {"customer_key": "twin"})
    gate.mart("customer_value", VALUE | {"customer_key": "twin"})
    assert gate.failures("marts") == named(bad) | {
        "customer_key_missing": [("None",)],
        "customer_key_twice": [("twin",)],
    }


def test_nobody_predicted_is_no_fault_when_nothing_is_fitted(gate: GateFactory) -> None:
    gate.use("customer_value")
    nothing = dict.fromkeys([name for name in VALUE if name.startswith(("p_alive", "expected", "next_order"))])
    gate.mart("customer_value", *(VALUE | nothing | {"customer_key": key} for key in ("c1", "c2")))
    assert gate.failures("marts") == {}


def test_customer_value_by_currency_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_value_by_currency")
    good: Row = {"orders": 1, "gross": 10, "discounts": 1, "refunds": 2, "net": 7, "unconverted_orders": 1}
    good |= {"customer_key": "c1", "first_order_date": NIGHT, "last_order_date": NIGHT}
    bad: dict[str, Row] = {
        "no_orders": {"orders": 0, "unconverted_orders": 0},
        "money_does_not_add_up": {"net": 7.01},
        "refunds_negative": {"refunds": -1, "net": 10},
        "unconverted_orders_do_not_fit": {"unconverted_orders": 2},
        "days_out_of_order": {"last_order_date": TOMORROW},
        "refunded_beyond_price": {"refunds": 10, "net": -1},
    }
    gate.mart("customer_value_by_currency", *(good | {"currency": rule} | row for rule, row in bad.items()))
    gate.mart(
        "customer_value_by_currency", good | {"currency": "CNY"}, *(good | {"currency": "twin"} for _ in range(2))
    )
    assert gate.failures("marts") == {rule: [("c1", rule)] for rule in bad} | {"key_twice": [("c1", "twin")]}


def test_value_fits_trip_each_rule_by_their_bad_row(gate: GateFactory) -> None:
    gate.use("value_fits")
    good: Row = {"as_of": NIGHT, "outcome": "accepted", "is_in_use": False, "score": 0.5, "score_in_use": 0.5}
    good |= {"holdout_expected": 100, "holdout_actual": 100}
    bad: dict[str, Row] = {
        "outcome_unknown": {"outcome": "lucky", "reason": "so"},
        "in_use_not_accepted": {"outcome": "not_enough_data", "reason": "so", "is_in_use": True},
        "accepted_and_worse": {"score": 0.6},
        "reason_missing": {"outcome": "not_enough_data"},
        "fitted_after_the_night": {"as_of": TOMORROW},
        "fit_refused": {"outcome": "refused", "reason": "so", "score": 0.6},
        "holdout_off_by_a_quarter": {"is_in_use": True, "holdout_expected": 74},
    }
    older: Row = {"as_of": NIGHT - timedelta(days=7)}
    gate.mart("value_fits", *(good | {"model": rule} | row for rule, row in bad.items()))
    gate.mart("value_fits", good | {"model": "mended"}, good | older | {"model": "mended"} | bad["fit_refused"] | older)
    gate.mart("value_fits", *(good | {"model": "two_in_use", "is_in_use": True} | day for day in ({}, older)))
    gate.mart(
        "value_fits", *(good | {"model": "twin"} for _ in range(2)), good | {"model": "first", "score_in_use": None}
    )
    day, before = NIGHT.isoformat(), older["as_of"].isoformat()
    assert gate.failures("marts") == {
        **{rule: [(rule, day)] for rule in bad},
        "fitted_after_the_night": [("fitted_after_the_night", TOMORROW.isoformat())],
        "two_in_use": [("two_in_use", before), ("two_in_use", day)],
        "key_twice": [("twin", day)],
    }


@pytest.mark.parametrize("score", ["recency_score", "frequency_score", "monetary_score"])
@pytest.mark.parametrize("value", [0, 6, None])
def test_every_score_is_one_to_five_for_everybody(gate: GateFactory, score: str, value: int | None) -> None:
    gate.use("customer_value")
    gate.mart("customer_value", VALUE | {"customer_key": "c1", score: value})
    assert gate.failures("marts") == {"score_out_of_range": [("c1",)]}


def test_customer_segments_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_segments")
    bad: dict[str, Row] = {
        "lifecycle_missing": {"lifecycle": None},
        "lifecycle_unknown": {"lifecycle": "vip"},
        "orders_negative": {"orders": -1},
        "potential_does_not_fit": {"lifecycle": "potential"},
        "last_order_does_not_fit": {"last_order_date": None},
        "after_the_night": {"since": TOMORROW},
        "since_missing": {"since": None},
    }
    visitor = {"customer_key": "visitor", "lifecycle": "potential", "orders": 0, "last_order_date": None}
    gate.mart("customer_segments", *of(bad, PERSON), PERSON | visitor, PERSON | {"customer_key": None})
    gate.mart("customer_segments", *(PERSON | {"customer_key": "twin"} for _ in range(2)))
    gate.mart("customer_value", VALUE | {"customer_key": "visitor"}, VALUE | {"customer_key": "left_out"})
    assert gate.failures("marts") == named(bad) | {
        "customer_key_missing": [("None",)],
        "customer_key_twice": [("twin",)],
        "buyers_left_out": [("left_out",)],
    }


SATISFACTION: dict[str, Row] = {
    "metric_unknown": {"metric": "stars", "value": 3, "ci_low": 2, "ci_high": 4},
    "no_answers": {"n": 0, "positive": 0, "negative": 0},
    "shares_do_not_fit": {"positive": 3},
    "value_out_of_range": {"value": 101, "ci_low": None, "ci_high": None},
    "interval_out_of_order": {"value": 99},
    "interval_out_of_range": {"ci_low": -101},
}
EDGES: list[Row] = [
    {"metric": "csat", "value": 1, "ci_low": 0.2, "ci_high": 1, "n": 1, "positive": 1, "negative": 0},
    {"metric": "nps", "value": -100, "ci_low": -100, "ci_high": -100, "positive": 0, "negative": 4},
    {"metric": "ces", "value": 7, "ci_low": None, "ci_high": None, "n": 1, "positive": 1, "negative": 0},
    {"metric": "review", "value": 1, "ci_low": 1, "ci_high": 1, "positive": 0, "negative": 4},
]


def _satisfaction(extra: dict[str, Row], **fixed: Any) -> list[Row]:
    bad = [ANSWERS | fixed | {"dimension": rule} | row for rule, row in (SATISFACTION | extra).items()]
    good = [ANSWERS | fixed | {"dimension": f"edge {n}"} | row for n, row in enumerate(EDGES)]
    twins = [ANSWERS | fixed | {"dimension": "twin"} for _ in range(2)]
    return [*bad, *good, *twins]


def test_satisfaction_recent_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("satisfaction_recent")
    window = {"first_day": date(2025, 12, 11), "last_day": NIGHT, "is_withheld": False}
    extra: dict[str, Row] = {
        "window_does_not_end_tonight": {"last_day": TOMORROW},
        "withheld_is_shown": {"is_withheld": True},
    }
    rows = _satisfaction(extra, **window)
    gate.mart("satisfaction_recent", *({k: v for k, v in row.items() if k != "day"} for row in rows))
    assert gate.failures("marts") == {
        **{rule: [("nps", rule)] for rule in SATISFACTION | extra},
        "metric_unknown": [("stars", "metric_unknown")],
        "key_twice": [("nps", "twin")],
    }


def test_sales_daily_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("sales_daily")
    good: Row = {"day": NIGHT, "currency": "CNY", "orders": 1, "gross": 10, "discounts": 1, "refunds": 2, "net": 7}
    bad: dict[str, Row] = {
        "money_does_not_add_up": {"net": 7.01},
        "orders_negative": {"orders": -1},
        "gross_negative": {"gross": -1, "net": -4},
        "discounts_negative": {"discounts": -1, "net": 9},
        "refunds_negative": {"refunds": -1, "net": 10},
        "sold_after_the_night": {"day": TOMORROW},
        "discounts_above_gross": {"discounts": 11, "net": -3},
        "flagged_orders_do_not_fit": {"flagged_orders": 2},
    }
    gate.mart("sales_daily", *(good | {"currency": rule} | row for rule, row in bad.items()))
    gate.mart("sales_daily", good, good | {"currency": "twin"}, good | {"currency": "twin"})
    only_refunds = {"currency": "USD", "orders": 0, "gross": 0, "discounts": 0, "net": -2}
    gate.mart("sales_daily", good | only_refunds, good | {"currency": "EUR", "net": None, "gross": None})
    day = NIGHT.isoformat()
    assert gate.failures("marts") == {
        **{rule: [(day, rule)] for rule in bad},
        "money_does_not_add_up": [(day, "EUR"), (day, "money_does_not_add_up")],
        "sold_after_the_night": [(TOMORROW.isoformat(), "sold_after_the_night")],
        "key_twice": [(day, "twin")],
    }


def test_delivery_daily_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("delivery_daily")
    good: Row = {"is_late": False, "orders": 9, "undated_orders": 1, "reviewed_orders": 2, "score_sum": 10}
    bad: dict[date, tuple[str, Row]] = {
        date(2026, 2, 1): ("no_orders", {"orders": 0, "undated_orders": 0, "reviewed_orders": 0, "score_sum": 0}),
        date(2026, 2, 2): ("undated_orders_do_not_fit", {"undated_orders": 10}),
        date(2026, 2, 3): ("reviewed_orders_do_not_fit", {"reviewed_orders": 10, "score_sum": 20}),
        date(2026, 2, 4): ("score_sum_does_not_fit", {"score_sum": 11}),
        TOMORROW: ("delivered_after_the_night", {}),
    }
    late = {"is_late": True, "undated_orders": 0}
    gate.mart("delivery_daily", *(good | {"day": day} | row for day, (_, row) in bad.items()))
    gate.mart("delivery_daily", *(good | {"day": date(2026, 2, 5)} for _ in range(2)))
    gate.mart("delivery_daily", good | {"day": NIGHT}, good | late | {"day": NIGHT, "orders": 11})
    even = date(2026, 2, 6)
    gate.mart("delivery_daily", good | {"day": even, "orders": 10}, good | late | {"day": even, "orders": 10})
    assert gate.failures("marts") == {
        **{rule: [(day.isoformat(), "False")] for day, (rule, _) in bad.items()},
        "key_twice": [("2026-02-05", "False")],
        "most_are_late": [(NIGHT.isoformat(), "True")],
    }


AUDIENCE: dict[str, Row] = {
    "of_another_night": {"business_date": TOMORROW},
    "segment_missing": {"segment": None},
    "reason_missing": {"reason_zh": " "},
    "contact_in_reason": {"reason": "Call 13812345678."},
    "contact_in_reason_zh": {"reason_zh": "请联系 someone@example.com。"},
    "priority_below_one": {"priority": 0},
}


@pytest.mark.parametrize(
    ("audience", "lifecycle", "stranger_rule"),
    [
        ("audience_winback_coupon", "at_risk", "not_about_to_be_lost"),
        ("audience_revisit_list", "new", "not_a_customer"),
    ],
)
def test_an_audience_trips_each_rule_by_its_bad_row(
    gate: GateFactory, audience: str, lifecycle: str, stranger_rule: str
) -> None:
    gate.use(audience)
    known = [*AUDIENCE, "good", "twin", "same_rank"]
    gate.mart("customer_segments", *(PERSON | {"customer_key": k, "lifecycle": lifecycle} for k in known))
    gate.mart("customer_value")
    people = [*known, stranger_rule, None, "twin"]
    rows = [LISTED | {"priority": n, "customer_key": key} for n, key in enumerate(people, start=1)]
    rows = [row | AUDIENCE.get(str(row["customer_key"]), {}) for row in rows]
    same_rank = next(row for row in rows if row["customer_key"] == "same_rank")
    same_rank["priority"] = rows[known.index("good")]["priority"]
    gate.mart(audience, *rows)
    assert gate.failures("marts") == {
        **named(AUDIENCE),
        stranger_rule: [(stranger_rule,)],
        "customer_key_missing": [("None",)],
        "customer_key_twice": [("twin",)],
        "priority_twice": [("good",), ("same_rank",)],
    }


def test_the_winback_coupon_is_for_nobody_who_is_lost_already(gate: GateFactory) -> None:
    gate.use("audience_winback_coupon")
    gate.mart("customer_segments", PERSON | {"customer_key": "c1", "lifecycle": "lost"})
    gate.mart("customer_value")
    gate.mart("audience_winback_coupon", LISTED | {"customer_key": "c1", "priority": 1})
    assert gate.failures("marts") == {"not_about_to_be_lost": [("c1",)]}


@pytest.mark.parametrize(
    ("listed", "buyers", "expected"),
    [(51, 100, {"more_than_half_of_all_buyers"}), (50, 100, set()), (99, 99, set())],
)
def test_an_audience_of_most_buyers_is_a_warning(
    gate: GateFactory, listed: int, buyers: int, expected: set[str]
) -> None:
    gate.use("audience_winback_coupon")
    people = [{"customer_key": f"c{n}", "lifecycle": "at_risk"} for n in range(buyers)]
    gate.mart("customer_segments", *(PERSON | person for person in people))
    gate.mart("customer_value", *(VALUE | {"customer_key": p["customer_key"]} for p in people))
    rows = [{"customer_key": f"c{n}", "priority": n + 1} for n in range(listed)]
    gate.mart("audience_winback_coupon", *(LISTED | row for row in rows))
    assert set(gate.failures("marts")) == expected


REASONS = (
    *("duplicate", "quarantined", "uncounted", "superseded", "unknown_order", "ahead", "not_a_sale", "not_answered"),
    "off_scale",
)
AGREED: Row = {
    "leg": "source to raw",
    "feed": "orders",
    "day": NIGHT,
    "currency": "CNY",
    "sent": 10,
    "arrived": 10,
    "difference": 0,
    "unexplained": 0,
    "rounding": 0,
} | dict.fromkeys(REASONS, 0)


def test_reconciliation_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("reconciliation")
    bad: dict[str, Row] = {
        "unexplained": {"difference": 0.01, "sent": 10.01, "unexplained": 0.01},
        "reasons_do_not_add_up": {"difference": 1, "sent": 11},
        "rows_negative": {"measure": "rows", "sent": 9, "difference": -1, "duplicate": -1},
        "unknown_order": {"difference": 3, "sent": 13, "unknown_order": 3},
        "uncounted": {"difference": -3, "sent": 7, "uncounted": -3},
    }
    good: list[Row] = [
        {"measure": "agreed"},
        {"measure": "explained", "sent": 15, "difference": 5, "duplicate": 2, "quarantined": 3},
        {"measure": "rounded_up", "sent": 9.9951, "difference": -0.0049, "rounding": -0.0049},
    ]
    rows = [AGREED | {"measure": rule} | row for rule, row in bad.items()] + [AGREED | row for row in good]
    gate.mart("reconciliation", *rows)
    key = ("source to raw", "orders", str(NIGHT))
    assert gate.failures("marts") == {rule: [(*key, "CNY", str(row.get("measure", rule)))] for rule, row in bad.items()}


def test_data_quality_cases_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("data_quality_cases")
    bad: dict[str, Row] = {
        "no_cases": {"cases": 0},
        "state_unknown": {"state": "gone", "last_closed": NIGHT},
        "days_do_not_fit": {"last_seen": TOMORROW},
        "open_for_long": {"age_class": "old"},
    }
    good: Row = {"source": "shop", "feed": "orders", "state": "open", "age_class": "new", "cases": 1}
    good |= {"first_seen": NIGHT, "last_seen": NIGHT}
    closed = good | {"reason": "closed", "state": "released", "age_class": "old", "last_closed": NIGHT}
    gate.mart("data_quality_cases", *(good | {"reason": rule} | row for rule, row in bad.items()), good | closed)
    assert {rule: [key[2] for key in keys] for rule, keys in gate.failures("marts").items()} == {
        rule: [rule] for rule in bad
    }


def test_every_mart_rule_has_its_bad_row_in_a_test_of_this_folder() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_[!r]*_suites.py"))
    suites = [load_suite(path) for path in FOLDER.glob("*.json")]
    rules = {rule.name for suite in suites if suite.gate == "marts" for rule in suite.expectations}
    assert [rule for rule in sorted(rules) if f'"{rule}"' not in written] == []
