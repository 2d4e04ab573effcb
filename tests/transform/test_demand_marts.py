"""The marts of demand, preferences, baskets, clusters and profile, held against Python that reads raw alone."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from factories.demand_world import CATEGORIES, PERSONAL, fill_demand
from factories.marts_oracle import Oracle, cents
from factories.raw import ZONE
from factories.raw_world import LAST_DAY
from huitou.settings import Settings
from huitou.transform.build import BuildResult, build
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
Row = dict[str, Any]


class World:
    """The shop of ``fill_demand`` as of LAST_DAY, and raw by another road."""

    def __init__(self, settings: Settings, connection: psycopg.Connection, result: BuildResult) -> None:
        self.settings, self.connection, self.result = settings, connection, result
        self.oracle = Oracle(connection, LAST_DAY)
        lines = defaultdict(list)
        for line in self.raw("order_lines"):
            lines[line["order_id"]].append(line)
        self.sales = [o | {"lines": lines[o["order_id"]]} for o in self.oracle.orders.values() if o["is_sale"]]

    def raw(self, feed: str) -> list[Row]:
        return self.rows(f"raw.{feed}")

    def rows(self, table: str) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(*table.split(".")))).fetchall()

    def by(self, table: str, *key: str) -> dict[Any, Row]:
        return {tuple(r[k] for k in key) if len(key) > 1 else r[key[0]]: r for r in self.rows(f"marts.{table}")}


@pytest.fixture(scope="module")
def world(module_warehouse: Settings) -> Iterator[World]:
    with connect(module_warehouse) as connection:
        fill_demand(connection)
        yield World(module_warehouse, connection, build(module_warehouse, LAST_DAY))


def category(product: str) -> str:
    return CATEGORIES[product] or "(none)"


def test_category_sales_add_up_lines_and_orders_to_the_cent(world: World) -> None:
    expected: dict[Any, Row] = defaultdict(lambda: {"orders": set(), "units": 0, "gross": Decimal(0)})
    days: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for sale in world.sales:
        for line in sale["lines"]:
            cell = expected[sale["day"], category(line["product_id"]), sale["currency"]]
            cell["orders"].add(sale["order_id"])
            cell["units"] += line["quantity"]
            cell["gross"] += cents(line["quantity"] * line["unit_price"])
        days[sale["day"], sale["currency"]][0] += sale["discounts"]
        if sale["rate"]:
            days[sale["day"], sale["currency"]][1] += cents((sale["gross"] - sale["discounts"]) * sale["rate"])
    found = world.by("category_sales_daily", "day", "category", "currency")
    assert {k: (r["orders"], r["units"], r["gross"]) for k, r in found.items()} == {
        k: (len(c["orders"]), c["units"], c["gross"]) for k, c in expected.items()
    }
    sums: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for (day, _, currency), row in found.items():
        sums[day, currency][0] += row["discounts"]
        sums[day, currency][1] += row["sold_base"]
    assert sums == days
    assert any(row["unconverted_orders"] for row in found.values())


def test_payment_mix_holds_every_sale_by_its_methods(world: World) -> None:
    paid: dict[str, list[Row]] = defaultdict(list)
    for payment in world.raw("payments"):
        paid[payment["order_id"]].append(payment)
    expected: dict[Any, list[Any]] = defaultdict(lambda: [0, 0, 0, Decimal(0), Decimal(0), 0])
    for sale in world.sales:
        mine = paid[sale["order_id"]]
        for payment in mine or [{"method": "(none)", "currency": sale["currency"], "amount": None}]:
            cell = expected[sale["day"], payment["method"], payment["currency"]]
            amount = payment["amount"] or Decimal(0)
            rate = Decimal(1) if payment["currency"] == "CNY" or not mine else sale["rate"]
            cell[0] += 1
            cell[1] += len(mine) > 1
            cell[2] += bool(mine)
            cell[3] += amount
            cell[4] += cents(amount * rate) if rate else 0
            cell[5] += not rate
    names = ("orders", "split_orders", "payments", "amount", "amount_base", "unconverted_orders")
    found = world.by("payment_mix_daily", "day", "method", "currency")
    assert {key: [row[name] for name in names] for key, row in found.items()} == expected
    sums = [sum(cell[n] for cell in expected.values()) for n in range(6)]
    assert all(sums)
    assert any(method == "(none)" for _, method, _ in found)


def told(words: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", words).lower().split())


def searches(world: World) -> list[Row]:
    """One row a visit, day and term, with what became of it."""
    person = {}
    for event in world.raw("behaviour_events"):
        if event["customer_id"]:
            person[event["session_id"]] = world.oracle.person["shop", event["customer_id"]]
    found: dict[Any, Row] = {}
    for event in sorted(world.raw("behaviour_events"), key=lambda e: e["occurred_at"]):
        key = event["session_id"], event["occurred_at"].astimezone(ZONE).date(), told(event["words"])
        row = found.setdefault(
            key, {"visit": key[0], "day": key[1], "term": key[2], "n": 0, "first": event["occurred_at"]}
        )
        row["n"] += 1
    closes = datetime.combine(LAST_DAY + timedelta(days=1), datetime.min.time(), ZONE)
    for row in found.values():
        end = row["first"] + timedelta(hours=24)
        row["who"] = person.get(row["visit"])
        row["observed"] = row["who"] is not None and end <= closes
        row["converted"] = row["observed"] and any(
            s["customer_key"] == row["who"] and row["first"] <= s["ordered_at"] < end for s in world.sales
        )
    return list(found.values())


def test_search_terms_count_visits_and_what_followed(world: World) -> None:
    rows = searches(world)
    visitors: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        visitors[row["term"]].add(row["who"] or row["visit"])
    expected: dict[Any, Row] = defaultdict(lambda: {"n": 0, "visits": set(), "observed": set(), "converted": set()})
    for row in rows:
        shown = row["term"] if len(visitors[row["term"]]) >= 3 and "[" not in row["term"] else "(rare)"
        cell = expected[row["day"], shown]
        cell["n"] += row["n"]
        cell["visits"].add(row["visit"])
        for part in ("observed", "converted"):
            if row[part]:
                cell[part].add(row["visit"])
    found = world.by("search_terms_daily", "day", "term")
    columns = ("searches", "visits", "observed_visits", "converted_visits")
    assert {k: tuple(r[c] for c in columns) for k, r in found.items()} == {
        k: (c["n"], len(c["visits"]), len(c["observed"]), len(c["converted"])) for k, c in expected.items()
    }
    assert {term for _, term in found} == {"tea", "tea pot", "cup", "book", "13 moons", "(rare)"}
    assert 0 < sum(r["converted_visits"] for r in found.values()) < sum(r["observed_visits"] for r in found.values())
    assert any(r["observed_visits"] < r["visits"] for r in found.values())


def test_recent_conversion_is_that_of_the_trailing_days(world: World) -> None:
    daily = [r for r in world.rows("marts.search_terms_daily") if r["day"] > LAST_DAY - timedelta(days=90)]
    for row in world.rows("marts.search_terms_recent"):
        mine = [r for r in daily if r["term"] == row["term"]]
        observed, converted = (sum(r[c] for r in mine) for c in ("observed_visits", "converted_visits"))
        assert (row["observed_visits"], row["converted_visits"]) == (observed, converted)
        assert row["conversion"] == (round(Decimal(converted) / observed, 4) if observed >= 20 else None)
    assert any(row["conversion"] for row in world.rows("marts.search_terms_recent"))


def test_trends_never_count_the_tested_days_in_their_baseline(world: World) -> None:
    orders: dict[str, Counter[date]] = defaultdict(Counter)
    for sale in world.sales:
        for name in {category(line["product_id"]) for line in sale["lines"]}:
            orders[name][sale["day"]] += 1
    found = world.by("demand_trends", "kind", "subject")
    for name, days in orders.items():
        tested = sum(n for day, n in days.items() if day > LAST_DAY - timedelta(days=7))
        before = sum(n for day, n in days.items() if 7 <= (LAST_DAY - day).days < 63)
        row = found["category", name]
        assert (row["observed"], row["baseline_count"], row["baseline_windows"]) == (tested, before, 8)
        assert row["expected"] == round(Decimal(before) / 8 * row["season_factor"], 4)
    assert {kind for kind, _ in found} == {"category", "search_term"}


def test_favourites_are_the_most_frequent_choices_of_those_who_made_enough(world: World) -> None:
    lines: dict[str, Counter[str]] = defaultdict(Counter)
    hours: dict[str, Counter[str]] = defaultdict(Counter)
    for sale in world.sales:
        hour = sale["ordered_at"].astimezone(ZONE).hour
        hours[sale["customer_key"]][("night", "morning", "afternoon", "evening")[hour // 6]] += 1
        for line in sale["lines"]:
            lines[sale["customer_key"]][category(line["product_id"])] += 1

    def favourite(choices: Counter[str]) -> str | None:
        best = min(choices, key=lambda name: (-choices[name], name), default=None)
        enough = sum(choices.values()) >= 3 and best is not None and choices[best] >= 0.4 * sum(choices.values())
        return best if enough else None

    found = world.by("customer_preferences", "customer_key")
    assert set(found) == set(lines)
    for key, row in found.items():
        assert row["lines"] == sum(lines[key].values())
        del lines[key]["(none)"]
        assert row["favourite_category"] == favourite(lines[key])
        assert row["habit_day_part"] == favourite(hours[key])
    assert {row["price_band"] for row in found.values()} == {"low", "middle", "high", None}
    assert {row["discount_affinity"] for row in found.values()} == {"fond", "sometimes", "seldom", None}


SUNDAY = LAST_DAY - timedelta(days=LAST_DAY.isoweekday() % 7)


def sold_by_sunday(world: World) -> list[Row]:
    return [s for s in world.sales if s["day"] <= SUNDAY]


def baskets(world: World) -> list[set[str]]:
    first = SUNDAY - timedelta(days=365)
    return [{line["product_id"] for line in s["lines"]} for s in sold_by_sunday(world) if s["day"] > first]


def test_rules_of_baskets_equal_a_count_of_all_pairs(world: World) -> None:
    every = baskets(world)
    single, both = Counter[str](), Counter[tuple[str, str]]()
    for basket in every:
        single.update(basket)
        both.update(permutations(sorted(basket), 2))
    expected = {
        pair: (single[pair[0]], single[pair[1]], n)
        for pair, n in both.items()
        if n >= 5 and n * len(every) / (single[pair[0]] * single[pair[1]]) >= 1.2
    }
    found = world.by("product_pairs", "product_id", "with_product_id")
    assert {k: (r["baskets"], r["with_baskets"], r["baskets_together"]) for k, r in found.items()} == expected
    assert {r["all_baskets"] for r in found.values()} == {len(every)}
    assert found["p1", "p2"]["lift"] > 1.2


def test_offers_are_on_sale_ordered_and_not_what_the_customer_keeps(world: World) -> None:
    bought: dict[str, dict[str, list[date]]] = defaultdict(lambda: defaultdict(list))
    for sale in world.sales:
        for product in {line["product_id"] for line in sale["lines"]}:
            bought[sale["customer_key"]][product].append(sale["day"])
    sold = sorted(sold_by_sunday(world), key=lambda s: s["day"])
    last = {line["product_id"]: s["day"] for s in sold for line in s["lines"]}
    buyers, repeats = Counter[str](), Counter[str]()
    for mine in bought.values():
        for product, days in mine.items():
            buyers[category(product)] += 1
            repeats[category(product)] += len(days) > 1
    again = {c for c in buyers if buyers[c] >= 10 and repeats[c] >= 0.05 * buyers[c]}
    offers: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows("marts.next_best_products"):
        offers[row["customer_key"]].append(row)
    assert len(offers) > 60
    for key, rows in offers.items():
        rows.sort(key=lambda r: r["place"])
        assert [r["place"] for r in rows] == list(range(1, len(rows) + 1))
        assert len(rows) <= 5
        assert [r["reason"] for r in rows] == sorted((r["reason"] for r in rows), reverse=True)
        for row in rows:
            assert (SUNDAY - last[row["product_id"]]).days < 90
            assert row["because_of"] is None or row["because_of"] in bought[key]
            days = bought[key].get(row["product_id"], [])
            assert not days or (category(row["product_id"]) in again and (SUNDAY - max(days)).days >= 30)
    assert {r["reason"] for rows in offers.values() for r in rows} == {"bought_together", "best_seller_of_category"}


def test_everybody_is_in_the_nearest_cluster_of_the_fit(world: World) -> None:
    fits = world.rows("ops.cluster_fits")
    assert [(f["as_of"], f["outcome"]) for f in fits] == [(LAST_DAY, "accepted")]
    names = ["recency", "frequency", "order_value", "discount", "price_level"]
    centres = {(c["cluster"], c["feature"]): c for c in world.rows("ops.cluster_centres")}
    numbers = sorted({cluster for cluster, _ in centres})
    found = world.by("customer_clusters", "customer_key")
    features = world.rows("intermediate.int_customers__features")
    assert set(found) == {row["customer_key"] for row in features} == set(world.by("customer_value", "customer_key"))
    assert any(row["price_level"] is None for row in features)
    for row in features:
        scaled = [
            [
                ((centres[n, f]["mean"] if row[f] is None else row[f]) - centres[n, f]["mean"])
                / centres[n, f]["deviation"]
                - centres[n, f]["centre"]
                for f in names
            ]
            for n in numbers
        ]
        nearest = numbers[int(np.argmin(np.linalg.norm(np.array(scaled), axis=1)))]
        assert found[row["customer_key"]]["cluster"] == nearest
    described = world.by("clusters", "cluster")
    assert {n: r["customers"] for n, r in described.items()} == Counter(r["cluster"] for r in found.values())
    assert {r["cluster_name"] for r in found.values()} == {r["cluster_name"] for r in described.values()}


def test_profile_has_everybody_once_and_says_what_the_vault_says(world: World) -> None:
    found = world.by("customer_profile", "customer_key")
    assert set(found) == set(world.by("customer_segments", "customer_key"))
    said = {
        (key, channel): granted
        for key, channel, granted in world.connection.execute(
            "select customer_key, channel, granted from vault.consent_as_of(%s)", (LAST_DAY,)
        ).fetchall()
    }
    assert {True, False} <= set(said.values())
    for key, row in found.items():
        for channel in ("sms", "email", "wechat", "phone"):
            assert row[f"may_{channel}"] == said.get((key, channel), False)
    reviews = Counter(world.oracle.orders["shop", r["order_id"]]["customer_key"] for r in world.raw("reviews"))
    assert {k: r["answers"] for k, r in found.items() if r["answers"]} == dict(reviews)


def test_no_mart_holds_anything_personal(world: World) -> None:
    known = {str(value) for row in world.raw("customers") for c, value in row.items() if c in PERSONAL and value}
    known |= {row["customer_id"] for row in world.raw("customers")}
    assert known >= set(PERSONAL.values())
    for mart in world.result.rows:
        for row in world.rows(f"marts.{mart}"):
            assert not known & {str(value) for value in row.values()}, mart
        assert "my own name" not in {str(v) for row in world.rows(f"marts.{mart}") for v in row.values()}


def test_same_marts_and_same_fit_when_built_again(world: World) -> None:
    def everything() -> dict[str, list[str]]:
        tables = [f"marts.{mart}" for mart in world.result.rows] + ["ops.cluster_centres", "ops.cluster_sizes"]
        return {table: sorted(map(str, world.rows(table))) for table in tables}

    before = everything()
    build(world.settings, LAST_DAY)
    assert everything() == before
    row = world.connection.execute(
        "select detail -> 'changed' from ops.steps where step = 'build.publish' order by step_id desc limit 1"
    ).fetchone()
    assert row is not None
    assert set(row[0].values()) == {0}
