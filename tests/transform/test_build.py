"""One shop, built night by night, held against an oracle that shares no code with the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from factories.marts_oracle import Oracle
from factories.raw import RawFactory
from factories.raw_world import LAST_DAY, fill
from huitou.settings import Settings
from huitou.transform.build import BuildResult, build
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
EARLIER = LAST_DAY - timedelta(days=45)


class Shop:
    """A warehouse with the world in raw, and what its builds gave."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self.settings, self.connection = settings, connection
        self.raw: RawFactory = fill(connection)
        self.results: list[BuildResult] = []

    def build(self, business_date: date) -> BuildResult:
        self.results.append(build(self.settings, business_date))
        return self.results[-1]

    def rows(self, table: str, key: tuple[str, ...]) -> dict[object, dict[str, object]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(*table.split("."))))
            return {tuple(r[k] for k in key) if len(key) > 1 else r[key[0]]: r for r in cursor.fetchall()}

    def checksums(self, schema: str = "marts") -> dict[str, str]:
        """Of each table and view, a digest over its rows in order."""
        tables = self.connection.execute(
            "select table_name from information_schema.tables where table_schema = %s", (schema,)
        ).fetchall()
        return {
            name: self.connection.execute(
                sql.SQL("select md5(string_agg(t::text, E'\\n' order by t::text)) from {} as t").format(
                    sql.Identifier(schema, name)
                )
            ).fetchone()[0]
            for (name,) in tables
        }


@pytest.fixture(scope="module")
def shop(module_warehouse: Settings) -> Iterator[Shop]:
    """The world of ``fill`` and a newcomer, built as of LAST_DAY."""
    with connect(module_warehouse) as connection:
        shop = Shop(module_warehouse, connection)
        shop.raw.order("of_the_week", "newcomer", LAST_DAY)
        shop.build(LAST_DAY)
        yield shop


def assert_customers_equal(shop: Shop, schema: str, oracle: Oracle) -> None:
    expected = oracle.customer_value()
    columns = next(iter(expected.values())).keys()
    rows = shop.rows(f"{schema}.customer_value", ("customer_key",))
    assert {k: {c: r[c] for c in columns} for k, r in rows.items()} == expected


@pytest.fixture(scope="module")
def oracle(shop: Shop) -> Oracle:
    return Oracle(shop.connection, LAST_DAY)


def test_sales_equal_the_oracle_to_the_cent(shop: Shop, oracle: Oracle) -> None:
    rows = shop.rows("marts.sales_daily", ("day", "currency"))
    columns = ("orders", "gross", "discounts", "refunds", "net", "refunds_unsold")
    assert {k: {c: r[c] for c in columns} for k, r in rows.items()} == {
        k: {c: d[c] for c in columns} for k, d in oracle.sales_daily().items()
    }


def test_customers_equal_the_oracle_to_the_cent_and_score(shop: Shop, oracle: Oracle) -> None:
    assert_customers_equal(shop, "marts", oracle)
    rows = shop.rows("marts.customer_value", ("customer_key",))
    assert sum(r["unconverted_orders"] for r in rows.values()) > 0
    assert any(r["orders_in_window"] == 0 for r in rows.values())


def test_answers_are_told_apart_by_the_tiers_of_the_newest_sunday(shop: Shop, oracle: Oracle) -> None:
    sunday = LAST_DAY - timedelta(days=LAST_DAY.isoweekday() % 7)
    people = oracle.customer_value(until=sunday)
    scores = ("recency_score", "frequency_score", "monetary_score")
    tiers = {key: row["tier"] for key, row in shop.rows("marts.base_value__tiers", scores).items()}
    rows = shop.rows("intermediate.int_customers__tiers", ("customer_key",))
    expected = {key: tiers[tuple(mine[score] for score in scores)] for key, mine in people.items()}
    assert {key: row["value_tier"] for key, row in rows.items()} == expected
    assert len(set(expected.values())) == 3
    assert len(expected) == len(oracle.customer_value()) - 1, "who first bought since has none"


def test_customers_by_currency_equal_the_oracle_to_the_cent(shop: Shop, oracle: Oracle) -> None:
    rows = shop.rows("marts.customer_value_by_currency", ("customer_key", "currency"))
    expected = oracle.by_currency()
    columns = next(iter(expected.values())).keys()
    assert {k: {c: r[c] for c in columns} for k, r in rows.items()} == expected
    assert {currency for _, currency in rows} == {"CNY", "USD", "JPY", "GBP"}
    open_cases = sum(r["unconverted_orders"] for r in rows.values())
    assert open_cases == sum(
        r["unconverted_orders"] for r in shop.rows("marts.customer_value", ("customer_key",)).values()
    )
    assert open_cases > 0


def test_equal_values_have_equal_scores(shop: Shop) -> None:
    for value, score in (
        ("last_order_date", "recency_score"),
        ("orders_in_window", "frequency_score"),
        ("net_spend_in_window", "monetary_score"),
    ):
        pairs = {(r[value], r[score]) for r in shop.rows("marts.customer_value", ("customer_key",)).values()}
        assert len({v for v, _ in pairs}) == len(pairs)
        assert [s for _, s in sorted(pairs)] == sorted(s for _, s in pairs)


def test_satisfaction_equals_the_oracle_when_rounded_to_four_places(shop: Shop, oracle: Oracle) -> None:
    rows = shop.rows("marts.satisfaction_daily", ("day", "metric", "dimension", "breakdown"))
    rows = {key[:3]: row for key, row in rows.items() if key[3] == "all"}
    expected = oracle.satisfaction_daily()
    assert rows.keys() == expected.keys()
    assert {k[1] for k in rows} == {"csat", "nps", "ces", "review"}
    for key, row in rows.items():
        for column in ("n", "value", "ci_low", "ci_high"):
            found = None if row[column] is None else float(row[column])
            assert found == pytest.approx(expected[key][column], abs=0.00005001), (key, column)


def test_deliveries_equal_the_oracle(shop: Shop, oracle: Oracle) -> None:
    rows = shop.rows("marts.delivery_daily", ("day", "is_late"))
    columns = ("orders", "undated_orders", "reviewed_orders", "score_sum")
    assert {k: {c: r[c] for c in columns} for k, r in rows.items()} == {
        k: {c: d[c] for c in columns} for k, d in oracle.delivery_daily().items()
    }
    assert any(is_late for _, is_late in rows)


def test_everyone_registered_or_with_a_sale_has_one_class(shop: Shop, oracle: Oracle) -> None:
    rows = shop.rows("marts.customer_segments", ("customer_key",))
    registered = {oracle.person["shop", f"c{n}"] for n in range(40)}
    assert rows.keys() == registered | oracle.customer_value().keys()
    assert len({r["lifecycle"] for r in rows.values()}) >= 5


def test_audiences_hold_a_person_once_in_a_strict_order(shop: Shop) -> None:
    at_risk = {
        k for k, r in shop.rows("marts.customer_segments", ("customer_key",)).items() if r["lifecycle"] == "at_risk"
    }
    winback = shop.rows("candidate.audience_winback_coupon", ("customer_key",))
    assert winback.keys() == at_risk != set()
    ordered = sorted(winback.values(), key=lambda r: r["priority"])
    assert [r["priority"] for r in ordered] == list(range(1, len(ordered) + 1))
    values = [r["value"] for r in ordered]
    assert values == sorted(values, reverse=True)
    revisit = shop.rows("candidate.audience_revisit_list", ("customer_key",))
    assert revisit
    assert {r["business_date"] for r in revisit.values()} == {LAST_DAY}


def test_audiences_are_not_published(shop: Shop) -> None:
    assert set(shop.checksums()) == set(shop.results[0].rows)
    assert not [name for name in shop.results[0].rows if name.startswith("audience")]


def test_no_column_beyond_staging_names_an_account_or_a_contact(shop: Shop) -> None:
    found = shop.connection.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('intermediate', 'candidate', 'marts') "
        "and column_name in ('customer_id', 'phone', 'email', 'name', 'person_id', 'comment', 'body')"
    ).fetchall()
    assert found == []


def test_same_marts_when_built_again(shop: Shop) -> None:
    before, audiences = shop.checksums(), shop.checksums("candidate")
    again = shop.build(LAST_DAY)
    assert (shop.checksums(), shop.checksums("candidate")) == (before, audiences)
    assert (again.as_of, again.published) == (LAST_DAY, True)
    changed = shop.connection.execute(
        "select detail -> 'changed' from ops.steps where step = 'build.publish' order by step_id desc limit 1"
    ).fetchone()[0]
    assert set(changed.values()) == {0}


def test_late_rows_reach_the_newest_marts_when_an_older_date_is_built(shop: Shop) -> None:
    key = shop.raw.order("late", "c_late", EARLIER, [(1, "12.34", "0")])
    result = shop.build(EARLIER)
    assert (result.as_of, result.published) == (LAST_DAY, False)
    assert shop.rows("marts.customer_value", ("customer_key",))[key]["net_spend"] == Decimal("12.34")
    assert_customers_equal(shop, "marts", Oracle(shop.connection, LAST_DAY))
    publications = shop.connection.execute("select business_date from ops.publications order by 1").fetchall()
    assert publications[-1] == (LAST_DAY,)
    assert_customers_equal(shop, "candidate", Oracle(shop.connection, EARLIER))
    lists = shop.rows("candidate.audience_winback_coupon", ("customer_key",)).values()
    assert {r["business_date"] for r in lists} == {EARLIER}


def test_steps_are_recorded_with_their_date(shop: Shop) -> None:
    steps = shop.connection.execute(
        "select step, detail ->> 'as_of' from ops.steps where business_date = %s and step like 'build.%%' "
        "order by step_id",
        (EARLIER,),
    ).fetchall()
    newest, older = str(LAST_DAY), str(EARLIER)
    assert steps == [
        ("build.value", newest),
        ("build.dbt", newest),
        ("build.clusters", newest),
        ("build.gate", newest),
        ("build.publish", newest),
        ("build.value", older),
        ("build.dbt", older),
        ("build.clusters", older),
        ("build.gate", older),
    ]
