"""Rules of the marts of demand, preferences, baskets and clusters: each fails for its bad row and for no other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from factories.gates import NIGHT, Failures, GateFactory, Row

pytestmark = pytest.mark.integration

TOMORROW = NIGHT + timedelta(days=1)
PHONE_TERM = "call 13812345678"


def bad_keys(failures: Failures, place: int = 0) -> dict[str, list[str]]:
    """By rule, the part of the key in which a bad row bears its rule's name."""
    return {rule: [key[place] for key in keys] for rule, keys in failures.items()}


def each(bad: dict[str, Row], base: Row, column: str) -> list[Row]:
    return [base | {column: rule} | row for rule, row in bad.items()]


def test_category_sales_daily_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("category_sales_daily")
    good: Row = {"day": NIGHT, "category": "tea", "orders": 1, "units": 1, "gross": 5, "discounts": 1, "sold": 4}
    good |= {"flagged_orders": 0, "flagged_sold_base": 0}
    bad: dict[str, Row] = {
        "money_does_not_add_up": {"sold": 3},
        "orders_below_one": {"orders": 0},
        "units_below_orders": {"orders": 2},
        "flagged_orders_do_not_fit": {"flagged_orders": 2},
        "flagged_sold_without_orders": {"flagged_sold_base": 4},
        "sold_after_the_night": {"day": TOMORROW},
        "gross_differs_from_sales_daily": {},
    }
    gate.mart("category_sales_daily", *each(bad, good, "currency"))
    gate.mart("category_sales_daily", *(good | {"currency": "key_twice"} for _ in range(2)))
    gate.mart("category_sales_daily", good | {"currency": "CNY"}, good | {"currency": "CNY", "category": "cups"})
    gross = {"key_twice": 10, "CNY": 10, "gross_differs_from_sales_daily": 6}
    gate.mart(
        "sales_daily", *({"day": NIGHT, "currency": c, "gross": gross.get(c, 5)} for c in [*bad, "key_twice", "CNY"])
    )
    assert bad_keys(gate.failures("marts"), 2) == {rule: [rule] for rule in [*bad, "key_twice"]}


def test_payment_mix_daily_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("payment_mix_daily")
    good: Row = {"day": NIGHT, "method": "card", "orders": 2, "split_orders": 1, "payments": 3, "amount": 9}
    good |= {"amount_base": 9, "unconverted_orders": 0}
    bad: dict[str, Row] = {
        "parts_do_not_fit": {"split_orders": 3},
        "payments_without_method": {"payments": 0},
        "paid_below_zero": {"amount": -1},
        "paid_after_the_night": {"day": TOMORROW},
    }
    below_one = {"orders": 0, "split_orders": 0, "currency": "orders_below_one"}
    lost = NIGHT - timedelta(days=1)
    gate.mart("payment_mix_daily", *each(bad, good, "currency"), good | below_one)
    gate.mart("payment_mix_daily", *(good | {"currency": "key_twice"} for _ in range(2)))
    gate.mart("payment_mix_daily", good | {"currency": "CNY"}, good | {"currency": "CNY", "day": lost})
    gate.mart("sales_daily", {"day": NIGHT, "orders": 11}, {"day": lost, "orders": 3})
    found = gate.failures("marts")
    assert found.pop("orders_differ_from_sales_daily") == [(str(lost), "(all)", "(all)")]
    assert bad_keys(found, 2) == {rule: [rule] for rule in [*bad, "orders_below_one", "key_twice"]}


@pytest.mark.parametrize("mart", ["search_terms_daily", "search_terms_recent"])
def test_search_terms_trip_each_rule_by_its_bad_row(gate: GateFactory, mart: str) -> None:
    gate.use(mart)
    good: Row = {"searches": 9, "visits": 8, "observed_visits": 7, "converted_visits": 6}
    bad: dict[str, Row] = {"visits_do_not_fit": {"visits": 10}}
    if mart == "search_terms_daily":
        good |= {"day": NIGHT}
        bad |= {"searched_after_the_night": {"day": TOMORROW}}
        twice, place = {"key_twice": ["twin"]}, 1
    else:
        good |= {"first_day": NIGHT, "last_day": NIGHT, "conversion": 0.5, "ci_low": 0.4, "ci_high": 0.6}
        bad |= {
            "conversion_outside_its_interval": {"ci_low": 0.51},
            "window_does_not_fit": {"last_day": TOMORROW},
            "term_missing": {"term": None},
        }
        twice, place = {"term_twice": ["twin", "twin"]}, 0
        gate.mart(mart, good | {"term": "too few", "conversion": None, "ci_low": None, "ci_high": None})
    gate.mart(mart, *each(bad, good, "term"), good | {"term": PHONE_TERM})
    gate.mart(mart, *(good | {"term": term} for term in ("tea 2000", "twin", "twin")))
    found = bad_keys(gate.failures("marts"), place)
    found = {rule: keys[:1] if rule == "term_twice" else keys for rule, keys in found.items()}
    expected = {rule: [str(row.get("term", rule))] for rule, row in bad.items()}
    assert found == expected | {rule: keys[:1] for rule, keys in twice.items()} | {"contact_in_term": [PHONE_TERM]}


def test_demand_trends_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("demand_trends")
    good: Row = {"kind": "category", "first_day": NIGHT, "last_day": NIGHT, "observed": 9, "baseline_count": 80}
    good |= {"direction": "steady", "change": -0.1, "z": -0.3}
    bad: dict[str, Row] = {
        "kind_unknown": {"kind": "colour"},
        "direction_unknown": {"direction": "sideways"},
        "nothing_observed": {"observed": 0, "baseline_count": 0},
        "direction_does_not_fit": {"direction": "rising"},
        "window_does_not_fit": {"last_day": TOMORROW},
    }
    falling = {"direction": "falling", "kind": "search_term"}
    gate.mart("demand_trends", *each(bad, good, "subject"), *(good | {"subject": "key_twice"} for _ in range(2)))
    gate.mart("demand_trends", *(good | falling | {"subject": f"term{n}"} for n in range(6)))
    gate.mart("demand_trends", *(good | {"subject": f"term{n}", "kind": "search_term"} for n in range(6, 11)))
    gate.mart("demand_trends", *(good | falling | {"kind": "category", "subject": f"name{n}"} for n in range(2)))
    assert bad_keys(gate.failures("marts"), 1) == {
        **{rule: [rule] for rule in [*bad, "key_twice"]},
        "most_of_a_kind_move": ["term0"],
    }


def test_customer_preferences_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_preferences")
    good: Row = {"orders": 2, "lines": 3, "discounted_lines": 1, "category_share": 1, "habit_weekday": 7}
    bad: dict[str, Row] = {
        "lines_do_not_fit": {"lines": 1},
        "share_outside": {"payment_share": 1.01},
        "price_band_unknown": {"price_band": "free"},
        "discount_affinity_unknown": {"discount_affinity": "mad"},
        "weekday_unknown": {"habit_weekday": 0},
        "customer_key_missing": {"customer_key": None},
    }
    banded = [{"customer_key": f"p{n}", "price_band": "low"} for n in range(10)]
    known = [*bad, "good", "customer_key_twice", *(str(row["customer_key"]) for row in banded)]
    gate.mart("customer_value", *({"customer_key": key} for key in known))
    gate.mart("customer_preferences", *each(bad, good, "customer_key"), *(good | row for row in banded))
    gate.mart(
        "customer_preferences",
        *(good | {"customer_key": k} for k in ("good", "customer_key_twice", "customer_key_twice", "not_a_buyer")),
    )
    found = bad_keys(gate.failures("marts"))
    assert found == {
        **{rule: [str(row.get("customer_key", rule))] for rule, row in bad.items()},
        "customer_key_twice": found["customer_key_twice"],
        "not_a_buyer": ["not_a_buyer"],
        "most_have_no_category": found["most_have_no_category"],
    }
    assert set(found["customer_key_twice"]) == {"customer_key_twice"}


def test_product_pairs_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("product_pairs")
    good: Row = {"source": "s", "all_baskets": 100, "baskets": 10, "with_baskets": 10, "baskets_together": 5}
    good |= {"confidence": 0.5, "confidence_low": 0.2, "lift": 5, "with_product_id": "pot"}
    bad: dict[str, Row] = {
        "baskets_do_not_fit": {"with_baskets": 4},
        "confidence_does_not_fit": {"confidence": 0.6},
        "lift_not_above_one": {"lift": 1},
    }
    rows = each(bad, good, "product_id") + [good | {"product_id": "key_twice"} for _ in range(2)]
    converse = [
        good | {"product_id": "pot", "with_product_id": key} for key in dict.fromkeys(r["product_id"] for r in rows)
    ]
    itself = good | {"product_id": "with_itself", "with_product_id": "with_itself"}
    gate.mart("product_pairs", *rows, *converse, itself, good | {"product_id": "one_way_only"})
    assert bad_keys(gate.failures("marts"), 1) == {
        rule: [rule] for rule in [*bad, "key_twice", "with_itself", "one_way_only"]
    }


def test_next_best_products_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("next_best_products")
    good: Row = {"place": 1, "source": "s", "product_id": "pot", "reason": "best_seller_of_category"}
    bad: dict[str, Row] = {
        "place_below_one": {"place": 0},
        "reason_unknown": {"reason": "whim"},
        "reason_does_not_fit": {"because_of": "cup"},
    }
    known = [*bad, "good", "product_offered_twice", "key_twice"]
    gate.mart("customer_value", *({"customer_key": key} for key in known))
    gate.mart("next_best_products", *each(bad, good, "customer_key"), good | {"customer_key": "not_a_buyer"})
    gate.mart("next_best_products", *(good | {"customer_key": "product_offered_twice", "place": n} for n in (1, 2)))
    gate.mart("next_best_products", *(good | {"customer_key": "key_twice", "product_id": p} for p in ("cup", "pot")))
    rule = {"customer_key": "good", "place": 2, "product_id": "cup", "reason": "bought_together", "because_of": "pot"}
    gate.mart("next_best_products", good | {"customer_key": "good"}, good | rule)
    assert bad_keys(gate.failures("marts")) == {
        rule: [rule] for rule in [*bad, "not_a_buyer", "product_offered_twice", "key_twice"]
    }


def test_customer_clusters_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_clusters")
    good: Row = {"cluster": 1, "cluster_name": "frequent", "cluster_name_zh": "常客", "fitted_on": NIGHT}
    bad: dict[str, Row] = {
        "cluster_unknown": {"cluster": 9},
        "name_missing": {"cluster_name_zh": " "},
        "fitted_after_the_night": {"fitted_on": TOMORROW},
        "customer_key_missing": {"customer_key": None},
    }
    people = [*bad, "good", "customer_key_twice", "buyers_left_out"]
    gate.mart("customer_value", *({"customer_key": key} for key in people if key != "customer_key_missing"))
    gate.mart("clusters", {"cluster": 1})
    others = ("good", "customer_key_twice", "customer_key_twice", "not_a_buyer")
    gate.mart("customer_clusters", *each(bad, good, "customer_key"), *(good | {"customer_key": k} for k in others))
    found = bad_keys(gate.failures("marts"))
    assert set(found.pop("customer_key_twice")) == {"customer_key_twice"}
    assert found == {
        **{rule: [str(row.get("customer_key", rule))] for rule, row in bad.items()},
        "not_a_buyer": ["not_a_buyer"],
        "buyers_left_out": ["buyers_left_out"],
    }


def test_customers_may_all_be_without_a_cluster_before_the_first_fit(gate: GateFactory) -> None:
    gate.use("customer_clusters", "clusters")
    gate.mart("customer_value", {"customer_key": "c1"})
    gate.mart("customer_clusters")
    gate.mart("clusters")
    assert gate.failures("marts") == {}


def test_clusters_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("clusters")
    good: Row = {"silhouette": 0.3, "customers": 0}
    # silhouette_outside, not_told_apart, customers_do_not_fit, cluster_twice, cluster_name_twice
    gate.mart("clusters", good | {"cluster": 1, "cluster_name": "a", "silhouette": 1.5})
    gate.mart("clusters", good | {"cluster": 2, "cluster_name": "b", "silhouette": -0.1})
    gate.mart("clusters", good | {"cluster": 3, "cluster_name": "c", "customers": 2})
    gate.mart("clusters", *(good | {"cluster": 4, "cluster_name": name} for name in ("d", "e")))
    gate.mart("clusters", *(good | {"cluster": number, "cluster_name": "f"} for number in (5, 6)))
    gate.mart("clusters", good | {"cluster": 7, "cluster_name": "g", "customers": 1})
    gate.mart("customer_clusters", {"customer_key": "c1", "cluster": 3}, {"customer_key": "c2", "cluster": 7})
    found = {rule: {key[0] for key in keys} for rule, keys in gate.failures("marts").items()}
    assert found == {
        "silhouette_outside": {"1"},
        "not_told_apart": {"2"},
        "customers_do_not_fit": {"3"},
        "cluster_twice": {"4"},
        "cluster_name_twice": {"5", "6"},
    }


def test_customer_profile_trips_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("customer_profile")
    good: Row = {"lifecycle": "new", "orders": 1, "net_spend": 5, "last_order_date": date(2026, 3, 1)}
    good |= {"value_tier": "regular", "p_alive": 1, "flagged_orders": 0, "holds_offers": False}
    good |= dict.fromkeys(("may_sms", "may_email", "may_wechat", "may_phone"), False)
    bad: dict[str, Row] = {
        "lifecycle_missing": {"lifecycle": None},
        "orders_do_not_fit": {"orders": 0},
        "consent_missing": {"may_phone": None},
        "flags_missing": {"holds_offers": None},
        "p_alive_out_of_range": {"p_alive": 1.01},
        "tier_missing": {"value_tier": None},
        "contact_in_profile": {"next_product_name": "for someone@example.com"},
        "customer_key_missing": {"customer_key": None},
    }
    gate.mart("customer_segments", *({"customer_key": key} for key in ("good", "customers_left_out")))
    gate.mart("customer_profile", *each(bad, good, "customer_key"))
    gate.mart("customer_profile", *(good | {"customer_key": k} for k in ("c_13812345678", "good", "twin", "twin")))
    found = bad_keys(gate.failures("marts"))
    assert set(found.pop("customer_key_twice")) == {"twin"}
    assert found == {
        **{rule: [str(row.get("customer_key", rule))] for rule, row in bad.items()},
        "customers_left_out": ["customers_left_out"],
    }
