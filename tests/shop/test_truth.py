"""The truth names every planted row: each is looked up in its file, on its line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from huitou.shop.generate import ShopSummary
from huitou.shop.order_feeds import NO_CURRENCY

Truth = Callable[[str], list[dict[str, str]]]
Drop = Callable[[str, str], dict[int, dict[str, str | None]]]

KEYS = {
    "orders.csv.gz": ("订单号", "更新时间"),
    "order_lines.csv.gz": ("order_no", "line_no"),
    "payments.csv.gz": ("order_no", "pay_seq"),
    "refunds.csv.gz": ("refund_no",),
    "reviews.jsonl.gz": ("id", "updatedAt"),
    "survey_responses.csv.gz": ("response_no", "metric", "topic"),
    "customers.csv.gz": ("member_no", "modified_at"),
    "consent_events.csv.gz": ("event_no",),
    "exchange_rates.csv": ("ccy", "quoted_on"),
    "products.parquet": ("sku",),
    "deliveries.csv.gz": ("运单号", "更新时间"),
    "returns.csv.gz": ("return_no", "line_no", "modified_at"),
    "coupon_redemptions.csv.gz": ("code", "order_no", "modified_at"),
    "survey_requests.csv.gz": ("request_no",),
    "tickets.jsonl.gz": ("ticketNo", "updatedAt"),
    "ticket_events.csv.gz": ("log_no",),
    "behaviour_events.parquet": ("event_id",),
    "points_events.csv.gz": ("posting_no",),
    "message_receipts.jsonl.gz": ("bizId", "report", "reportTime"),
}
NO_DATES = ("2026-13-45 99:00:00", "昨天下午", "2026-02-30 10:00:00", "2026-02-30T10:00:00+08:00")
SPOILT = {
    "unparsable_date": lambda value: value in NO_DATES,
    "unknown_status": lambda value: value in ("待审核", "待审核中", "挂起", "BLACKHOLE"),
    "unknown_action": lambda value: value in ("转派", "hover", "赠送"),
    "wrong_currency": lambda value: value == NO_CURRENCY,
    "missing_id": lambda value: value is None,
    "negative_amount": lambda value: value.startswith("-"),
    "not_a_number": lambda value: value in ("两件", "非常满意", "一百"),
    "out_of_range": lambda value: value == "9",
    "unknown_metric": lambda value: value == "满意度",
    "unknown_channel": lambda value: value == "传真",
}


def keyed(file: str, row: dict[str, str | None]) -> str:
    return "|".join(row[name] or "" for name in KEYS[file])


def next_night(night: str, by: int = 1) -> str:
    return (date.fromisoformat(night) + timedelta(days=by)).isoformat()


def test_every_file_has_the_rows_that_truth_counts(small: ShopSummary, truth: Truth, drop: Drop) -> None:
    sent = truth("sent.csv")
    assert len(sent) == 45 * len(KEYS)
    for count in sent:
        assert len(drop(count["night"], count["file"])) == int(count["rows"]), count
        marks = ("good", "bad", "duplicate", "resent", "mended")
        assert sum(int(count[mark]) for mark in marks) == int(count["rows"])
    totals: Counter[str] = Counter()
    for count in sent:
        totals[count["file"].split(".")[0]] += int(count["rows"])
    assert totals == small.rows


def test_bad_rows_stand_where_truth_says(truth: Truth, drop: Drop) -> None:
    bad = truth("bad_rows.csv")
    assert {row["file"] for row in bad} == set(KEYS) - {"exchange_rates.csv", "products.parquet"}
    for row in bad:
        found = drop(row["night"], row["file"])[int(row["line"])]
        assert SPOILT[row["reason"]](found[row["column"]]), row


def test_bad_rows_come_right_the_next_night_unless_never_mended(truth: Truth, drop: Drop) -> None:
    bad = truth("bad_rows.csv")
    mended = [row for row in bad if row["mended_on"]]
    assert 0 < len(mended) < len(bad)
    for row in bad:
        again = [keyed(row["file"], other) for other in drop(next_night(row["night"]), row["file"]).values()]
        assert (row["key"] in again) == bool(row["mended_on"]), row
        assert row["mended_on"] in (None, next_night(row["night"]))


def test_duplicates_equal_the_rows_that_they_repeat(truth: Truth, drop: Drop) -> None:
    duplicates = truth("duplicates.csv")
    assert {row["kind"] for row in duplicates} == {"duplicate", "resent"}
    for row in duplicates:
        copy = drop(row["night"], row["file"])[int(row["line"])]
        assert copy == drop(row["first_night"], row["file"])[int(row["first_line"])]
        assert keyed(row["file"], copy) == row["key"]
        same_night = row["kind"] == "duplicate"
        assert row["night"] == (row["first_night"] if same_night else next_night(row["first_night"]))


def test_rows_are_sent_once_but_for_the_planted_ones(truth: Truth, drop: Drop, small: ShopSummary) -> None:
    """Every repeated row of every file is in the truth: planted duplicates, and nothing else."""
    for file in KEYS:
        seen: Counter[str] = Counter()
        for night in sorted(path.name for path in (small.folder / "drops").iterdir()):
            seen.update(json.dumps(row, sort_keys=True) for row in drop(night, file).values())
        repeated = sum(count - 1 for count in seen.values())
        assert repeated == sum(row["file"] == file for row in truth("duplicates.csv")), file


def test_late_rows_first_appear_one_to_three_nights_on(truth: Truth, drop: Drop) -> None:
    late = truth("late.csv")
    assert {"orders.csv.gz", "order_lines.csv.gz", "payments.csv.gz"} <= {row["file"] for row in late}
    for row in late:
        assert row["night"] == next_night(row["happened_on"], int(row["nights_late"]))
        assert 1 <= int(row["nights_late"]) <= 3
        assert keyed(row["file"], drop(row["night"], row["file"])[int(row["line"])]) == row["key"]


def test_late_orders_are_missing_before_their_night(truth: Truth, drop: Drop) -> None:
    orders = {row["order_id"]: row for row in truth("orders.csv.gz")}
    late = [order for order in orders.values() if order["ordered_at"][:10] < order["first_sent"]]
    assert late
    for order in late:
        day = order["ordered_at"][:10]
        while day < order["first_sent"]:
            assert order["order_id"] not in {row["订单号"] for row in drop(day, "orders.csv.gz").values()}
            day = next_night(day)
        assert order["order_id"] in {row["订单号"] for row in drop(day, "orders.csv.gz").values()}


def test_last_version_of_an_order_has_its_true_status(truth: Truth, drop: Drop, small: ShopSummary) -> None:
    words = {"待付款": "placed", "已付款": "paid", "已发货": "shipped", "已完成": "delivered", "已取消": "cancelled"}
    lost = {row["key"] for row in truth("bad_rows.csv") if row["file"] == "orders.csv.gz" and not row["mended_on"]}
    last: dict[str, tuple[str, str]] = {}
    for night in sorted(path.name for path in (small.folder / "drops").iterdir()):
        for row in drop(night, "orders.csv.gz").values():
            if row["订单号"] and row["状态"] in words:
                last[row["订单号"]] = max(last.get(row["订单号"], ("", "")), (row["更新时间"], words[row["状态"]]))
    for order in truth("orders.csv.gz"):
        if not any(key.startswith(order["order_id"]) for key in lost):
            assert last[order["order_id"]][1] == order["status"]


def test_truth_cannot_be_reached_from_the_drops(small: ShopSummary) -> None:
    inside = [path for path in (small.folder / "drops").rglob("*") if path.is_symlink() or "truth" in path.name]
    assert inside == []


@pytest.mark.parametrize("column", ["shares_phone_with", "same_person_as"])
def test_planted_pairs_point_at_each_other(truth: Truth, column: str) -> None:
    people = {row["customer_id"]: row for row in truth("customers.csv")}
    paired = [row for row in people.values() if row[column]]
    assert len(paired) == 4
    assert all(people[row[column]][column] == row["customer_id"] for row in paired)


def test_phones_are_shared_by_the_planted_pairs_alone(truth: Truth, drop: Drop, small: ShopSummary) -> None:
    phone: dict[str, str] = {}
    for night in sorted(path.name for path in (small.folder / "drops").iterdir()):
        for row in drop(night, "customers.csv.gz").values():
            if row["mobile"] and row["member_no"]:
                phone[row["member_no"]] = row["mobile"].removeprefix("+86")
    shared = {row["customer_id"] for row in truth("customers.csv") if row["shares_phone_with"]}
    rings = Counter(row["ring"] for row in truth("fraud_accounts.csv") if row["scheme"] in ("coupon_ring", "honest"))
    shared |= {row["customer_id"] for row in truth("fraud_accounts.csv") if rings[row["ring"]] > 1}
    twice = {number for number, count in Counter(phone.values()).items() if count > 1}
    assert {who for who, number in phone.items() if number in twice} == shared & set(phone)


def test_every_row_tells_of_a_known_customer_and_order(truth: Truth, drop: Drop, small: ShopSummary) -> None:
    people = {row["customer_id"] for name in ("customers.csv", "fraud_accounts.csv") for row in truth(name)}
    orders = {row["order_id"] for name in ("orders.csv.gz", "fraud_orders.csv") for row in truth(name)}
    for night in sorted(path.name for path in Path(small.folder / "drops").iterdir()):
        assert {row["会员号"] for row in drop(night, "orders.csv.gz").values()} <= people
        for file, name in (("payments.csv.gz", "order_no"), ("reviews.jsonl.gz", "orderNo")):
            assert {row[name] for row in drop(night, file).values()} <= orders | {None}
