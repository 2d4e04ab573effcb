"""Each rule of a raw suite fails for its bad row and for no other; good rows, at the edges too, pass.

A bad row bears the name of the rule that it breaks as its key.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from factories.gates import NIGHT, NOON, GateFactory, Row, after
from huitou.quality.suites import FOLDER, load_suite

pytestmark = pytest.mark.integration

DAY_BEFORE = NIGHT - timedelta(days=1)
LAST_MOMENT = datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
TOMORROW = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)  # 0:00 in Shanghai


def by_name(*rules: str, key: str = "{}") -> dict[str, list[tuple[str, ...]]]:
    return {rule: [tuple(key.format(rule).split("/"))] for rule in rules}


def test_orders_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_orders")
    bad: dict[str, Row] = {
        "ordered_after_the_night": {"ordered_at": TOMORROW},
        "ordered_before_2000": {"ordered_at": datetime(1999, 12, 31, tzinfo=UTC)},
        "shipped_before_ordered": {"shipped_at": after(-1)},
        "delivered_before_shipped": {"shipped_at": after(2), "delivered_at": after(1)},
        "delivered_before_ordered": {"delivered_at": after(-1)},
        "promised_before_ordered": {"promised_at": after(-13)},
        "delivered_without_a_date": {"status": "delivered"},
        "cancelled_yet_delivered": {"status": "cancelled", "delivered_at": after(1)},
        "same_order_twice": {"customer_id": "twin", "ordered_at": after(-2)},
        "customer_changed": {"customer_id": "another"},
        "currency_changed": {},
        "currency_without_a_rate": {"currency": "EUR"},
        "sold_without_lines": {},
        "paid_differs_from_billed": {},
    }
    good: list[Row] = [
        {"order_id": "last_moment", "ordered_at": LAST_MOMENT},
        {"order_id": "at_once", "status": "delivered", "shipped_at": NOON, "delivered_at": NOON},
        {"order_id": "promised_today", "promised_at": after(-11)},
        {"order_id": "foreign", "currency": "USD"},
        {"order_id": "billed", "discount": 2, "shipping": 5},
        {"order_id": "same_order_twice_more", "customer_id": "twin", "ordered_at": after(-2)},
        {"order_id": "not_paid_yet", "status": "placed"},
        {"order_id": "same_order_newer", "customer_id": "twin", "ordered_at": after(-3)},
    ]
    for n, row in enumerate([*bad.values(), *good]):
        row.setdefault("customer_id", f"c{n}")
    old = [("customer_changed", "CNY"), ("currency_changed", "USD"), ("same_order_newer", "CNY")]
    gate.raw("orders", *({"order_id": o, "currency": c} for o, c in old), night=DAY_BEFORE)
    gate.connection.execute("update raw.orders set customer_id = 'twin' where order_id = 'same_order_newer'")
    gate.connection.execute("update raw.orders set customer_id = 'c10' where order_id = 'currency_changed'")
    gate.raw("exchange_rates", {"rate_date": NIGHT - timedelta(days=7)})
    with_a_line = [*bad, *(row["order_id"] for row in good if row["order_id"] not in ("billed", "not_paid_yet"))]
    with_a_line.remove("sold_without_lines")
    gate.raw("order_lines", *({"order_id": name} for name in with_a_line))
    gate.raw("order_lines", {"order_id": "paid_differs_from_billed", "line_no": 2})
    gate.raw("order_lines", {"order_id": "sold_without_lines"}, night=NIGHT + timedelta(days=1))
    gate.raw("order_lines", {"order_id": "billed", "quantity": 3, "discount": 1, "shipping": 2})
    gate.raw("order_lines", {"order_id": "billed", "line_no": 2, "quantity": 0, "discount": 1, "shipping": 2})
    gate.raw(
        "payments",
        {"order_id": "billed", "amount": 30},
        {"order_id": "billed", "amount": 4.05, "payment_no": 2},
        {"order_id": "paid_differs_from_billed", "amount": 20.06},
    )
    gate.raw("orders", *({"order_id": rule} | row for rule, row in bad.items()), *good)
    assert gate.failures("raw") == by_name(*bad) | {
        "same_order_twice": [("same_order_twice",), ("same_order_twice_more",)]
    }


def test_a_night_without_an_order_is_a_warning(gate: GateFactory) -> None:
    gate.use("raw_orders")
    gate.raw("orders", {"order_id": "o1"}, night=DAY_BEFORE)
    assert gate.failures("raw") == {"quiet_night": []}


def test_order_lines_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_order_lines")
    bad: dict[str, Row] = {
        "unknown_order": {},
        "unknown_product": {"product_id": "p2"},
        "discount_above_price": {"discount": 10.01},
        "implausible_quantity": {"quantity": 10_001},
        "implausible_price": {"unit_price": 1_000_001},
    }
    good: list[Row] = [
        {"order_id": "good", "discount": 10},
        {"order_id": "free", "unit_price": 0},
        {"order_id": "cancelled", "quantity": 0, "discount": 10},
    ]
    known = [{"order_id": name} for name in (*bad, "good", "free", "cancelled") if name != "unknown_order"]
    gate.raw("orders", *known)
    gate.raw("orders", {"order_id": "unknown_order"}, night=NIGHT + timedelta(days=1))
    gate.raw("products", {"product_id": "p1"})
    gate.raw("order_lines", *({"order_id": rule} | row for rule, row in bad.items()), *good)
    assert gate.failures("raw") == by_name(*bad, key="{}/1")


@pytest.mark.parametrize(("lines", "expected"), [(19, {}), (20, {"nothing_has_a_price": []})])
def test_order_lines_without_any_price_stop_the_night(
    gate: GateFactory, lines: int, expected: dict[str, list[tuple[str, ...]]]
) -> None:
    gate.use("raw_order_lines")
    gate.raw("orders", {"order_id": "o1"})
    gate.raw("products", {"product_id": "p1"})
    gate.raw("order_lines", *({"order_id": "o1", "line_no": n, "unit_price": 0} for n in range(1, lines + 1)))
    gate.raw("order_lines", {"order_id": "o1", "line_no": 99, "quantity": 0})
    assert gate.failures("raw") == expected


def test_payments_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_payments")
    bad: dict[str, Row] = {
        "unknown_order": {},
        "zero_amount": {"amount": 0},
        "method_not_defined": {"method": "not_defined"},
        "paid_after_the_night": {"paid_at": TOMORROW},
        "currency_differs": {"currency": "USD"},
    }
    gate.raw("orders", *({"order_id": name} for name in (*bad, "good") if name != "unknown_order"))
    good = {"order_id": "good", "paid_at": LAST_MOMENT}
    gate.raw("payments", *({"order_id": rule} | row for rule, row in bad.items()), good)
    assert gate.failures("raw") == by_name(*bad, key="{}/1")


def test_refunds_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_refunds")
    bad: dict[str, Row] = {
        "unknown_order": {},
        "zero_amount": {"amount": 0},
        "refunded_after_the_night": {"refunded_at": TOMORROW},
        "refunded_before_ordered": {"refunded_at": after(-1)},
        "more_than_was_paid": {"amount": 9.06},
    }
    names = [*bad, "good"]
    gate.raw("orders", *({"order_id": name} for name in names if name != "unknown_order"))
    gate.raw("payments", *({"order_id": name} for name in names))
    gate.raw("refunds", {"refund_id": "first_part", "order_id": "more_than_was_paid"}, night=DAY_BEFORE)
    gate.raw(
        "refunds",
        *({"refund_id": rule, "order_id": rule} | row for rule, row in bad.items()),
        {"refund_id": "good", "order_id": "good", "amount": 10, "refunded_at": LAST_MOMENT},
    )
    assert gate.failures("raw") == by_name(*bad)


def test_reviews_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_reviews")
    bad: dict[str, Row] = {
        "score_out_of_scale": {"score": 6},
        "unknown_order": {},
        "written_after_the_night": {"created_at": TOMORROW},
        "written_before_purchase": {"created_at": after(-13)},
        "answered_before_written": {"answered_at": after(-1)},
        "one_review_on_several_orders": {},
        "contact_in_title": {"title": "打我电话13812345678"},
        "contact_in_body": {"body": "write to someone@example.com, please"},
    }
    good = [
        {"review_id": "good", "order_id": "good", "score": 1, "created_at": after(-11), "answered_at": after(-11)},
        {"review_id": "number", "order_id": "good", "body": "order 2026031012345678 and a138123456789, 5@home"},
    ]
    gate.raw("orders", *({"order_id": name} for name in (*bad, "good") if name != "unknown_order"))
    same = {"review_id": "one_review_on_several_orders", "order_id": "good"}
    gate.raw("reviews", same, night=DAY_BEFORE)
    gate.raw("reviews", *({"review_id": rule, "order_id": rule} | row for rule, row in bad.items()), *good)
    assert gate.failures("raw") == by_name(*bad, key="{0}/{0}")


@pytest.mark.parametrize(
    ("answers", "odd", "expected"),
    [(49, 4, {}), (50, 4, {"one_score_for_all": []}), (50, 5, {})],
    ids=["too few to tell", "all the same", "one differs"],
)
def test_a_score_that_never_varies_is_a_warning(
    gate: GateFactory, answers: int, odd: int, expected: dict[str, list[tuple[str, ...]]]
) -> None:
    gate.use("raw_reviews", "raw_survey_responses")
    gate.raw("orders", {"order_id": "o1"})
    gate.raw("customers", {"customer_id": "c1"})
    scores = [4] * (answers - 1) + [odd]
    gate.raw("reviews", *({"review_id": f"r{n}", "order_id": "o1", "score": s} for n, s in enumerate(scores)))
    gate.raw("survey_responses", *({"response_id": f"s{n}", "score": s} for n, s in enumerate(scores)))
    other = [{"response_id": f"t{n}", "metric": "csat", "score": 3} for n in range(10)]
    gate.raw("survey_responses", *other)
    assert gate.failures("raw") == expected


def test_survey_responses_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_survey_responses")
    bad: dict[str, Row] = {
        "unknown_customer": {"customer_id": "c2"},
        "unknown_order": {"order_id": "o2"},
        "answered_after_the_night": {"answered_at": TOMORROW},
        "answered_before_asked": {"asked_at": after(1)},
        "contact_in_comment": {"comment": "电话 13812345678"},
    }
    good: list[Row] = [
        {"response_id": "nps_low", "score": 0, "order_id": "o1"},
        {"response_id": "nps_high", "score": 10, "asked_at": NOON},
        {"response_id": "csat", "metric": "csat", "score": 5},
        *({"response_id": f"code_{code}", "metric": "csat", "score": code} for code in (98, 99)),
        {"response_id": "ces", "metric": "ces", "score": 7, "answered_at": LAST_MOMENT},
    ]
    gate.raw("customers", {"customer_id": "c1"})
    gate.raw("orders", {"order_id": "o1"})
    gate.raw("survey_responses", *({"response_id": rule} | row for rule, row in bad.items()), *good)
    assert gate.failures("raw") == by_name(*bad, key="{}/nps/overall")


def test_customers_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_customers")
    bad: dict[str, Row] = {
        "phone_in_the_clear": {"phone": "+8613812345678"},
        "email_in_the_clear": {"email": "someone@example.com"},
        "name_in_the_clear": {"name": "王小明"},
        "registered_after_the_night": {"registered_at": TOMORROW},
    }
    good: list[Row] = [
        {"customer_id": "good", "registered_at": LAST_MOMENT},
        {"customer_id": "without", "phone": None, "email": None, "name": None},
    ]
    file_id = gate.raw("customers", *({"customer_id": rule} | row for rule, row in bad.items()), *good)
    assert gate.failures("raw") == {rule: [(str(file_id), str(line))] for line, rule in enumerate(bad, start=2)}


def _accounts(count: int, **columns: object) -> list[Row]:
    unlike = [{"customer_id": f"c{n}", "phone": f"{n:064x}", "birthday": f"03-{n % 28 + 1:02}"} for n in range(count)]
    return [row | columns for row in unlike]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(_accounts(11, phone=None, email=None) + _accounts(20)[11:], {"most_have_no_contact"}),
        pytest.param(_accounts(10, phone=None, email=None) + _accounts(20)[10:], set()),
        pytest.param(_accounts(19, phone=None, email=None), set()),
        pytest.param(_accounts(6, phone="a" * 64), {"one_phone_for_many"}),
        pytest.param(_accounts(5, phone="a" * 64), set()),
        pytest.param(_accounts(11, birthday="01-01") + _accounts(50)[11:], {"one_birthday_for_many"}),
        pytest.param(_accounts(10, birthday="01-01") + _accounts(50)[10:], set()),
    ],
)
def test_fillers_among_customers_are_a_warning(gate: GateFactory, rows: list[Row], expected: set[str]) -> None:
    gate.use("raw_customers")
    gate.raw("customers", *rows)
    assert set(gate.failures("raw")) == expected


def test_exchange_rates_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_exchange_rates")
    bad: dict[str, Row] = {
        "not_positive": {"currency": "EUR", "rate": 0},
        "base_currency_is_not_one": {"currency": "CNY", "rate": 1.01},
        "dated_after_the_night": {"currency": "HKD", "rate_date": NIGHT + timedelta(days=1)},
        "moved_by_a_fifth": {"currency": "JPY", "rate": 5.8},
        "moved_threefold": {"currency": "GBP", "rate": 0.14},
    }
    gate.raw(
        "exchange_rates",
        *({"currency": code, "rate_date": date(2026, 3, 1)} for code in ("EUR", "JPY", "GBP", "USD")),
        {"currency": "CNY", "rate": 1, "rate_date": date(2026, 3, 1)},
        night=DAY_BEFORE,
    )
    gate.raw("exchange_rates", *bad.values(), {"currency": "USD", "rate": 8.3})
    assert gate.failures("raw") == {
        rule: [(row["currency"], str(row.get("rate_date", NIGHT)))] for rule, row in bad.items()
    }


def test_products_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_products")
    bad: dict[str, Row] = {"without_a_category": {"category": None}, "without_a_name": {"name": None}}
    gate.raw("products", *({"product_id": rule} | row for rule, row in bad.items()), {"product_id": "good"})
    assert gate.failures("raw") == by_name(*bad)


def test_consent_events_trip_each_rule_by_its_bad_row(gate: GateFactory) -> None:
    gate.use("raw_consent_events")
    bad: dict[str, Row] = {
        "said_after_the_night": {"occurred_at": TOMORROW},
        "unknown_customer": {"customer_id": "c2"},
    }
    gate.raw("customers", {"customer_id": "c1"})
    good = {"event_id": "good", "occurred_at": LAST_MOMENT}
    gate.raw("consent_events", *({"event_id": rule} | row for rule, row in bad.items()), good)
    assert gate.failures("raw") == by_name(*bad)


@pytest.mark.parametrize(
    ("loaded", "quarantined", "expected"),
    [
        (100, 0, set()),
        (100, 20, {"some_quarantined"}),
        (1979, 21, {"some_quarantined", "too_many_quarantined"}),
        (2079, 21, {"some_quarantined"}),
        (999_000, 1000, {"some_quarantined"}),
        (999_000, 1001, {"some_quarantined", "too_many_quarantined"}),
    ],
)
def test_quarantine_closes_the_gate_by_share_and_by_count(
    gate: GateFactory, loaded: int, quarantined: int, expected: set[str]
) -> None:
    gate.use("landing_files")
    gate.file("orders", loaded=loaded, quarantined=quarantined)
    gate.file("reviews", loaded=5)
    gate.file("payments", loaded=1, quarantined=5000, night=DAY_BEFORE)
    assert gate.failures("raw") == {rule: [("shop", "orders")] for rule in expected}


def test_quarantine_that_was_settled_since_opens_the_gate(gate: GateFactory) -> None:
    gate.use("landing_files")
    file_id = gate.file("orders", loaded=979, quarantined=21)
    gate.quarantined(file_id, "orders", "dismissed", "sent_right", *[None] * 18)
    assert gate.failures("raw") == {"some_quarantined": [("shop", "orders")]}


def test_quarantine_that_is_open_closes_the_gate_whatever_was_settled(gate: GateFactory) -> None:
    gate.use("landing_files")
    # One row was released, and left the manifest's count with that.
    file_id = gate.file("orders", loaded=980, quarantined=22)
    gate.quarantined(file_id, "orders", "recheck", "dismissed", *[None] * 21)
    assert set(gate.failures("raw")) == {"some_quarantined", "too_many_quarantined"}


def test_columns_changed_is_told_by_the_night_that_brought_it_alone(gate: GateFactory) -> None:
    gate.use("landing_files")
    first, second = gate.file("orders", night=DAY_BEFORE), gate.file("orders")
    gate.connection.execute(
        "insert into landing.drift (source, feed, kind, name, since, first_file, last_file)"
        " values ('shop', 'orders', 'added', 'gift', %s, %s, %s)",
        (DAY_BEFORE, first, second),
    )
    assert gate.failures("raw", DAY_BEFORE) == {"columns_changed": [("shop", "orders")]}
    assert gate.failures("raw") == {}


def test_every_raw_rule_has_its_bad_row_here() -> None:
    written = Path(__file__).read_text(encoding="utf-8")
    in_rows = {path.stem for path in (Path(__file__).parent / "rows").glob("*.yml")}
    rules = {
        rule.name
        for path in FOLDER.glob("*.json")
        if path.stem not in in_rows and (suite := load_suite(path)).gate == "raw"
        for rule in suite.expectations
    }
    assert [rule for rule in sorted(rules) if f'"{rule}"' not in written] == []
