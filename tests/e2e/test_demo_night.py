"""Nights of the demo shop through the real DAGs: what always holds, and what a re-run may not change."""

from __future__ import annotations

import csv
import gzip
import io
import json
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from e2e.conftest import Home, new_home

pytestmark = pytest.mark.e2e
FIRST, LAST, EARLIER = "2026-11-20", "2026-11-21", "2026-11-18"
PLANS = "select campaign, business_date, customer_key, outcome, message_id::text from ops.decisions order by 1, 2, 3"
CHANNELS = {"短信": "sms", "邮件": "email", "电话": "phone"}
CODES = "select message_id::text, code, valid_to from ops.coupons order by 1"


@pytest.fixture(scope="module")
def shop() -> Iterator[Home]:
    with new_home(HUITOU_CLOCK="morning-after") as home:
        shape = ("--customers", "400", "--days", "130", "--seed", "7", "--until", LAST)
        home.run("shop", "generate", "--out", str(home.folder / "shop"), *shape)
        yield home


@pytest.fixture(scope="module")
def nights(shop: Home) -> list[dict[str, Any]]:
    """The reports of two nights, run once."""
    reports: list[dict[str, Any]] = shop.json("night", "--date", FIRST, "--until", LAST)
    return reports


def truth_of(home: Home, name: str) -> list[dict[str, str]]:
    path = home.folder / "shop" / "truth" / name
    text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    return list(csv.DictReader(io.StringIO(text.decode())))


def test_every_row_that_the_shop_sent_is_accounted_for(shop: Home, nights: list[dict[str, Any]]) -> None:
    sent: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for row in truth_of(shop, "sent.csv"):
        feed = row["file"].split(".")[0]
        sent[feed] += int(row["rows"])
        bad[feed] += int(row["bad"])
    seen: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    for report in nights:
        for row in report["feeds"]:
            assert row["seen"] == row["loaded"] + row["duplicate"] + row["quarantined"]
            seen[row["feed"]] += row["seen"]
            quarantined[row["feed"]] += row["quarantined"]
    assert seen == sent
    assert {feed: n for feed, n in quarantined.items() if n} == {feed: n for feed, n in bad.items() if n}


def test_no_order_is_lost_but_those_planted_bad_for_ever(shop: Home, nights: list[dict[str, Any]]) -> None:
    true = {row["order_id"] for name in ("orders.csv.gz", "fraud_orders.csv") for row in truth_of(shop, name)}
    loaded = {row[0] for row in shop.rows("select distinct order_id from raw.orders")}
    assert loaded <= true
    held = {str(row[0]) for row in shop.rows("select row from quarantine.rows where feed = 'orders'")}
    for order_id in true - loaded:
        assert any(order_id in row for row in held), order_id


def test_money_in_the_marts_equals_raw_to_the_cent(shop: Home, nights: list[dict[str, Any]]) -> None:
    zone = "at time zone 'Asia/Shanghai'"
    orders = {
        row[0]: row[1:]
        for row in shop.rows(
            f"select distinct on (order_id) order_id, (ordered_at {zone})::date, currency, status,"
            " coalesce(discount, 0) from raw.orders order by order_id, _version desc"
        )
    }
    sales = ("paid", "shipped", "delivered")
    gross: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
    discounts: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
    refunds: dict[tuple[Any, str], Decimal] = defaultdict(Decimal)
    for day, currency, status, discount in orders.values():
        if status in sales:
            discounts[day, currency] += discount
    for order_id, quantity, price, discount in shop.rows(
        "select distinct on (order_id, line_no) order_id, quantity, unit_price, coalesce(discount, 0)"
        " from raw.order_lines order by order_id, line_no, _version desc"
    ):
        if order_id in orders and orders[order_id][2] in sales:
            gross[orders[order_id][:2]] += quantity * price
            discounts[orders[order_id][:2]] += discount
    for day, currency, amount in shop.rows(f"select (refunded_at {zone})::date, currency, amount from raw.refunds"):
        refunds[day, currency] += amount
    mart = {
        (day, currency): (g, d, r)
        for day, currency, g, d, r in shop.rows(
            "select day, currency, gross, discounts, refunds + refunds_unsold from marts.sales_daily"
        )
    }
    keys = {key for sums in (gross, discounts, refunds) for key, value in sums.items() if value} | set(mart)
    assert len(mart) > 100
    for key in keys:
        assert mart[key] == (gross[key], discounts[key], refunds[key]), key


def test_every_candidate_has_one_decision(shop: Home, nights: list[dict[str, Any]]) -> None:
    for report in nights:
        totals: Counter[str] = Counter()
        candidates = {row["campaign"]: row["candidates"] for row in report["decisions"]}
        for row in report["decisions"]:
            totals[row["campaign"]] += row["people"]
        assert dict(totals) == candidates
        assert set(candidates) == {"winback_coupon", "revisit_list"}
    assert sum(totals.values()) > 0


def test_each_message_was_accepted_once_and_no_contact_point_twice(shop: Home, nights: list[dict[str, Any]]) -> None:
    ledger = shop.accepted()
    ids = Counter(line["message_id"] for line in ledger)
    assert max(ids.values()) == 1
    assert max(Counter((line["campaign"], line["contact_hash"]) for line in ledger).values()) == 1
    messages = dict(shop.rows("select message_id::text, state from ops.messages"))
    assert set(messages.values()) == {"accepted"}
    assert set(ids) == set(messages)


def test_nobody_without_consent_was_reached(shop: Home, nights: list[dict[str, Any]]) -> None:
    """Consent as the drops themselves say it, read by this test alone."""
    words: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for drop in sorted((shop.folder / "shop" / "drops").iterdir()):
        with gzip.open(drop / "consent_events.csv.gz", "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                words[row["member_no"], CHANNELS.get(row["channel"], "")].append((row["happened_at"], row["agreed"]))
    reached = shop.rows(
        "select array_agg(a.customer_id), m.consent from ops.messages as m"
        " join vault.accounts_as_of('infinity') as a on a.customer_key = vault.current_key(m.customer_key)"
        " group by m.message_id"
    )
    assert reached
    for accounts, channel in reached:
        last = {max(words[account, channel])[1] for account in accounts if words[account, channel]}
        assert last == {"Y"}, (accounts, channel)


def test_the_lists_of_the_day_are_there_and_hold_no_contact_point(shop: Home, nights: list[dict[str, Any]]) -> None:
    phones = set()
    for drop in (shop.folder / "shop" / "drops").iterdir():
        with gzip.open(drop / "customers.csv.gz", "rt", encoding="utf-8") as file:
            phones |= {cell for row in csv.reader(file) for cell in row if len(cell) == 11 and cell.isdigit()}
    assert len(phones) > 300
    for campaign in ("winback_coupon", "revisit_list"):
        text = (shop.folder / "lists" / LAST / f"{campaign}.csv").read_text(encoding="utf-8-sig")
        assert text.startswith("customer_key,segment,value,reason,reason_zh")
    outside = [*(shop.folder / "lists").rglob("*.csv"), *(shop.folder / "logs").iterdir()]
    outside += [path for path in (shop.folder / "dbt").rglob("*") if path.is_file()]
    for path in outside:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(phone in text for phone in phones), path


def test_running_an_older_night_again_changes_nothing(shop: Home, nights: list[dict[str, Any]]) -> None:
    before = shop.marts(), shop.rows(PLANS), shop.rows(CODES), shop.accepted()
    shop.run("night", "--date", FIRST)
    assert (shop.marts(), shop.rows(PLANS), shop.rows(CODES), shop.accepted()) == before


def test_a_backfill_runs_its_consumers_and_sends_nothing(shop: Home, nights: list[dict[str, Any]]) -> None:
    marts, sent = shop.marts(), shop.accepted()
    report = shop.json("night", "--date", EARLIER)[0]
    assert {row["step"] for row in report["steps"]} >= {"check.raw", "build.dbt", "plan", "deliver"}
    assert "send" not in {row["outcome"] for row in report["decisions"]}
    assert report["messages"] == []
    assert shop.accepted() == sent
    assert shop.marts() == marts


def test_why_tells_of_somebody_reached_and_somebody_not(shop: Home, nights: list[dict[str, Any]]) -> None:
    for outcome, state in (("send", "accepted"), ("no_consent", None)):
        [(key,)] = shop.rows(f"select customer_key from ops.decisions where outcome = '{outcome}' limit 1")
        answer = shop.json("why", key)
        assert (outcome, state) in [(r["outcome"], r["message_state"]) for r in answer["reasons"]]


def test_a_night_that_was_killed_is_finished_by_the_next(shop: Home, nights: list[dict[str, Any]]) -> None:
    """And one that had ended is the same when it is run again."""
    before = shop.marts(), shop.rows(PLANS), shop.rows(CODES), shop.accepted()
    for seconds in (4, 9):
        running = subprocess.Popen(
            shop.command("night", "--date", LAST), env=shop.environment, stdout=subprocess.DEVNULL
        )
        time.sleep(seconds)
        running.send_signal(signal.SIGKILL)
        running.wait()
    shop.run("night", "--date", LAST)
    assert (shop.marts(), shop.rows(PLANS), shop.rows(CODES), shop.accepted()) == before


def test_status_and_quarantine_can_be_read_by_a_program(shop: Home, nights: list[dict[str, Any]]) -> None:
    status = shop.json("status", "--date", LAST)
    assert status["business_date"] == LAST
    assert {row["metric"] for row in status["satisfaction"]} == {"csat", "nps", "ces", "review"}
    cases = shop.json("quarantine", "list")
    case = shop.json("quarantine", "show", str(cases[0]["example"]))
    assert case["reasons"] == cases[0]["reasons"]
    json.dumps(case["row"])


def test_the_marts_come_near_the_planted_truth(shop: Home, nights: list[dict[str, Any]]) -> None:
    figures = {(row["score"], row["figure"]): row for row in shop.json("shop", "score", "--date", LAST)}
    least = {
        ("identity", "pairs of accounts: F1"): 0.95,
        ("segments", "at risk or lost: balanced accuracy"): 0.55,
        ("fraud", "orders: precision"): 0.75,
        ("fraud", "orders: recall"): 0.75,
        ("fraud", "customers: precision"): 0.6,
        ("fraud", "customers: recall"): 0.9,
    }
    for key, bound in least.items():
        assert figures[key]["n"] > 0, key
        assert figures[key]["value"] >= bound, figures[key]
    assert figures["value", "predicted ÷ true spend"]["n"] == 0, "a shop of a few days has no fit"
    refused = shop.run("shop", "score", "--date", FIRST, check=False)
    assert refused.returncode == 2
    assert f"the marts stand at {LAST}" in refused.stderr
