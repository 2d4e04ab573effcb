"""What odd rows mean, and that each of them leaves every other customer's rows as they were."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from factories.feeds import SourceFactory
from factories.raw import RawFactory, noon
from factories.raw_world import LAST_DAY, fill
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.transform import dbt
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
MODELS = ("build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
TOMORROW = LAST_DAY + timedelta(days=1)
# Ranks say where a customer stands among all; they alone may move when another customer comes.
RANKS = {"recency_score", "frequency_score", "monetary_score", "segment", "segment_zh", "value_tier", "value_tier_zh"}
# So do a product's price among its category's, the cluster that is nearest, and what sells best or together.
RANKS |= {"price_level", "price_band", "price_band_zh", "cluster_name", "cluster_name_zh"}
RANKS |= {"next_product_id", "next_product_name", "next_product_reason"}
BY_CUSTOMER = (
    "customer_value",
    "customer_value_by_currency",
    "customer_segments",
    "customer_segment_history",
    "customer_preferences",
    "customer_profile",
    "customer_flags",
    "order_flags",
)
OTHERS = ("sales_daily", "category_sales_daily", "reconciliation", "data_quality_cases")
Rows = list[dict[str, Any]]


def ago(days: int) -> date:
    return LAST_DAY - timedelta(days=days)


def odd_rows(raw: RawFactory) -> dict[str, str]:
    """One customer a case; returns the key of each."""
    keys = {}
    keys["no_rate"] = raw.order("odd1", "no_rate", ago(5), currency="GBP")
    keys["rate_ten_days_old"] = raw.order("odd10", "rate_ten_days_old", ago(10), currency="AUD")
    keys["rate_eleven_days_old"] = raw.order("odd11", "rate_eleven_days_old", ago(9), currency="AUD")
    raw.rate("AUD", ago(20), "4.50")
    keys["rate_comes_late"] = raw.order("odd12", "rate_comes_late", ago(8), currency="HKD")
    raw.rate("HKD", ago(8), "0.92", known=ago(2))
    keys["refund_first"] = raw.order("odd2", "refund_first", ago(5))
    raw.refund("odd2", "odd2", ago(9), "40.00")
    keys["refund_larger"] = raw.order("odd3", "refund_larger", ago(5))
    raw.refund("odd3", "odd3", ago(1), "140.00")
    keys["never_seen"] = raw.order("odd4", "never_seen", ago(5))
    keys["guest"] = raw.order("odd5", "guest", ago(100))
    raw.customer("guest", ago(3))
    raw.insert("products", ago(5), product_id="teapot", category="teapots")
    keys["merged_guest"] = raw.order("odd13", "merged_guest", ago(50))
    keys["member"] = raw.customer("member", ago(30))
    raw.order("odd14", "member", ago(20), [(2, "30.00", "0")])
    raw.connection.execute(
        "insert into vault.person_keys (customer_key, recording, since, superseded_by)"
        " values (%s, nextval('vault.recordings'), %s, %s)",
        (keys["merged_guest"], ago(3), keys["member"]),
    )
    keys["cancelled_line"] = raw.order("odd6", "cancelled_line", ago(5))
    for number, (units, price) in enumerate(((2, "10.00"), (3, "30.00"), (3, "30.00")), start=2):
        line = {"order_id": "odd6", "line_no": number, "product_id": "teapot", "unit_price": price, "discount": "1.00"}
        raw.insert("order_lines", ago(5), quantity=units, shipping="4.00", **line)
    for number, known in ((3, ago(4)), (4, TOMORROW)):
        line = {"order_id": "odd6", "line_no": number, "product_id": "teapot", "unit_price": "30.00"}
        raw.insert("order_lines", known, quantity=0, discount="1.00", shipping="4.00", **line)
    keys["ordered_tomorrow"] = raw.customer("ordered_tomorrow", ago(5))
    raw.order("odd7", "ordered_tomorrow", TOMORROW, known=LAST_DAY)
    keys["registered_tomorrow"] = raw.customer("registered_tomorrow", TOMORROW, known=LAST_DAY)
    for case, last_day in (("returned", ago(5)), ("called_off", ago(5))):
        keys[case] = raw.order(f"first_{case}", case, ago(120))
        raw.order(f"last_{case}", case, last_day)
    raw.refund("odd8", "last_returned", ago(1), "100.00")
    called_off = {"order_id": "last_called_off", "customer_id": "called_off", "currency": "CNY"}
    raw.insert("orders", ago(4), ordered_at=noon(ago(5)), status="cancelled", **called_off)
    raw.refund("odd9", "order_of_nobody", ago(1), "7.00")
    return keys


class Marts:
    """The marts before and after the odd rows came."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self.settings, self.connection = settings, connection
        raw = fill(connection)
        self.before = self._built()
        self.keys = odd_rows(raw)
        self.after = self._built()

    def _built(self) -> dict[str, Rows]:
        dbt.run(self.settings, LAST_DAY, MODELS)
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return {
                mart: cursor.execute(
                    sql.SQL("select t.* from {} as t order by t::text").format(sql.Identifier("candidate", mart))
                ).fetchall()
                for mart in (*BY_CUSTOMER, *OTHERS)
            }

    def row(self, mart: str, case: str) -> dict[str, Any]:
        (row,) = [row for row in self.after[mart] if row["customer_key"] == self.keys[case]]
        return row

    def classes(self, case: str) -> list[tuple[str, date, date | None]]:
        rows = [r for r in self.after["customer_segment_history"] if r["customer_key"] == self.keys[case]]
        return sorted(((r["lifecycle"], r["valid_from"], r["valid_to"]) for r in rows), key=lambda row: row[1])


@pytest.fixture(scope="module")
def marts(module_warehouse: Settings) -> Iterator[Marts]:
    with connect(module_warehouse) as connection:
        yield Marts(module_warehouse, connection)


@pytest.mark.parametrize("mart", BY_CUSTOMER)
def test_other_customers_rows_stay_as_they_were(marts: Marts, mart: str) -> None:
    def others(rows: Rows) -> Rows:
        return [
            {column: value for column, value in row.items() if column not in RANKS}
            for row in rows
            if row["customer_key"] not in marts.keys.values()
        ]

    assert others(marts.before[mart]) or mart == "customer_flags"
    assert others(marts.after[mart]) == others(marts.before[mart])
    assert len(marts.after["customer_value"]) > len(marts.before["customer_value"]) > 5


def test_sale_without_a_rate_counts_as_an_order_and_in_no_money(marts: Marts) -> None:
    row = marts.row("customer_value", "no_rate")
    assert (row["orders"], row["unconverted_orders"], row["net_spend"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("case", "unconverted", "net"),
    [
        ("rate_ten_days_old", 0, "450.00"),
        ("rate_eleven_days_old", 1, "0.00"),
        ("rate_comes_late", 0, "92.00"),
    ],
)
def test_rate_holds_for_ten_days_and_converts_whenever_it_comes(
    marts: Marts, case: str, unconverted: int, net: str
) -> None:
    row = marts.row("customer_value", case)
    assert (row["orders"], row["unconverted_orders"], row["net_spend"]) == (1, unconverted, Decimal(net))


def test_sale_without_a_rate_is_a_case_that_is_closed_when_the_rate_comes(marts: Marts) -> None:
    found = {
        (row["reason"], row["state"]): tuple(
            row[c] for c in ("feed", "cases", "first_seen", "last_seen", "last_closed")
        )
        for row in marts.after["data_quality_cases"]
        if row["reason"] in ("no_rate:AUD", "no_rate:HKD")
    }
    assert found == {
        ("no_rate:AUD", "open"): ("orders", 1, ago(9), ago(9), None),
        ("no_rate:HKD", "released"): ("orders", 1, ago(8), ago(8), ago(2)),
    }
    unconverted = sum(row["unconverted_orders"] for row in marts.after["customer_value"])
    assert unconverted == sum(r["cases"] for r in marts.after["data_quality_cases"] if r["state"] == "open")
    assert {row["reason"] for row in marts.before["data_quality_cases"]} == {
        "no_rate:GBP",
        "no_rate:USD",
        "no_rate:JPY",
    }


def test_refund_before_its_order_counts_on_its_own_day(marts: Marts) -> None:
    assert marts.row("customer_value", "refund_first")["net_spend"] == Decimal("60.00")
    days = {row["day"]: row["refunds"] for row in marts.after["sales_daily"] if row["currency"] == "CNY"}
    was = {row["day"]: row["refunds"] for row in marts.before["sales_daily"] if row["currency"] == "CNY"}
    assert days[ago(9)] - was.get(ago(9), 0) == Decimal("40.00")


def test_refund_larger_than_its_order_leaves_a_net_below_zero(marts: Marts) -> None:
    row = marts.row("customer_value", "refund_larger")
    assert (row["net_spend"], row["refunds"]) == (Decimal("-40.00"), Decimal("140.00"))


def test_refund_of_an_order_nobody_knows_is_in_the_day_and_in_no_customer(marts: Marts) -> None:
    (day,) = [r for r in marts.after["sales_daily"] if (r["day"], r["currency"]) == (ago(1), "CNY")]
    was = [r["refunds"] for r in marts.before["sales_daily"] if (r["day"], r["currency"]) == (ago(1), "CNY")]
    assert day["refunds"] - sum(was, Decimal(0)) == Decimal("247.00")


def test_customer_never_seen_is_a_customer_without_a_registration(marts: Marts) -> None:
    row = marts.row("customer_segments", "never_seen")
    assert (row["lifecycle"], row["registered_date"], row["orders"]) == ("new", None, 1)
    assert marts.classes("never_seen") == [("new", ago(5), None)]


def test_guest_who_registers_later_was_never_potential(marts: Marts) -> None:
    row = marts.row("customer_segments", "guest")
    assert (row["lifecycle"], row["registered_date"]) == ("at_risk", ago(3))
    assert marts.classes("guest") == [("new", ago(100), ago(9)), ("at_risk", ago(9), None)]


def test_guest_account_that_is_merged_with_a_member_is_one_customer_with_both_orders(marts: Marts) -> None:
    row = marts.row("customer_value", "member")
    assert (row["orders"], row["first_order_date"], row["last_order_date"]) == (2, ago(50), ago(20))
    assert (row["net_spend"], marts.row("customer_value_by_currency", "member")["orders"]) == (Decimal("160.00"), 2)
    assert marts.row("customer_profile", "member")["registered_date"] == ago(30)
    assert marts.row("customer_preferences", "member")["lines"] == 2
    assert marts.classes("member")[0][:2] == ("new", ago(50))
    for mart in BY_CUSTOMER:
        assert marts.keys["merged_guest"] not in {row["customer_key"] for row in marts.after[mart]}, mart


def test_cancelled_line_leaves_the_sale_with_its_discount_when_a_newer_version_has_no_units(marts: Marts) -> None:
    row = marts.row("customer_value", "cancelled_line")
    assert (row["orders"], row["units"], row["gross"]) == (1, 6, Decimal("210.00"))
    assert (row["discounts"], row["net_spend"]) == (Decimal("2.00"), Decimal("208.00"))
    (teapots,) = [r for r in marts.after["category_sales_daily"] if r["category"] == "teapots"]
    assert (teapots["orders"], teapots["units"], teapots["gross"]) == (1, 5, Decimal("110.00"))
    assert (teapots["sold"], teapots["sold_base"]) == (Decimal("108.00"), Decimal("108.00"))


def test_cancelled_line_is_reconciled_as_no_sale(marts: Marts) -> None:
    def of_day(rows: Rows, column: str) -> dict[str, Decimal]:
        return {
            row["measure"]: row[column]
            for row in rows
            if (row["leg"], row["day"], row["currency"]) == ("raw to marts", ago(5), "CNY")
        }

    for measure, left in (("gross", "0"), ("discounts", "1.00"), ("shipping", "4.00")):
        now, was = (
            of_day(marts.after["reconciliation"], "not_a_sale"),
            of_day(marts.before["reconciliation"], "not_a_sale"),
        )
        # The order that was called off lies on the same day, with goods of 100.
        called_off = Decimal("100.00") if measure == "gross" else Decimal(0)
        assert now[measure] - was.get(measure, Decimal(0)) == Decimal(left) + called_off
    assert {row["unexplained"] for row in marts.after["reconciliation"]} == {Decimal(0)}


def test_order_dated_tomorrow_waits_for_its_day(marts: Marts) -> None:
    row = marts.row("customer_segments", "ordered_tomorrow")
    assert (row["lifecycle"], row["orders"], row["since"]) == ("potential", 0, ago(5))
    assert marts.keys["ordered_tomorrow"] not in {r["customer_key"] for r in marts.after["customer_value"]}


def test_registration_dated_tomorrow_waits_for_its_day(marts: Marts) -> None:
    row = marts.row("customer_segments", "registered_tomorrow")
    assert (row["lifecycle"], row["registered_date"], row["since"]) == ("potential", None, None)
    assert marts.classes("registered_tomorrow") == []


def test_returned_last_order_stays_a_sale_and_gives_its_money_back(marts: Marts) -> None:
    row = marts.row("customer_value", "returned")
    assert (row["orders"], row["net_spend"], row["last_order_date"]) == (2, Decimal("100.00"), ago(5))
    assert marts.row("customer_segments", "returned")["lifecycle"] == "active"


def test_cancelled_last_order_takes_the_customer_back_to_the_one_before(marts: Marts) -> None:
    row = marts.row("customer_value", "called_off")
    assert (row["orders"], row["last_order_date"]) == (1, ago(120))
    assert marts.row("customer_segments", "called_off")["since"] == ago(29)
    assert marts.classes("called_off") == [("new", ago(120), ago(29)), ("at_risk", ago(29), None)]


def test_negative_quantity_is_quarantined(warehouse: Settings, tmp_path: Path) -> None:
    columns = ("order_id", "line_no", "product_id", "quantity", "unit_price")
    shop = SourceFactory(tmp_path / "shop", warehouse)
    shop.feed("order_lines", columns)
    shop.drop(LAST_DAY, "order_lines.csv", f"{','.join(columns)}\no1,1,p1,-2,9.90\no1,2,p1,0,9.90\n")
    result = ingest(shop.settings, "order_lines", LAST_DAY)
    assert (result.seen, result.loaded, result.quarantined) == (2, 1, 1)
    with connect(warehouse) as connection:
        assert connection.execute("select reasons from quarantine.rows").fetchall() == [(["out_of_range:quantity"],)]
