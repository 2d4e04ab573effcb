"""Retention: what was landed with personal data goes when it is old and done with, and never before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.sources.retention import personal_feeds, retire

pytestmark = pytest.mark.integration
D1, D2 = date(2026, 11, 19), date(2026, 11, 20)
COLUMNS = ("customer_id", "phone", "updated_at")


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("customers", COLUMNS)
    factory.feed("orders", ORDERS)
    for day in (D1, D2):
        text = f"{','.join(COLUMNS)}\nu{day.day},139000000{day.day},{day} 10:00:00\n"
        factory.drop(day, "customers.csv", text)
        factory.drop(day, "orders.csv", orders_csv({"order_id": str(day)}))
        ingest(factory.settings, "customers", day)
        ingest(factory.settings, "orders", day)
    return factory


def landed(shop: SourceFactory, feed: str = "customers") -> int:
    return len(list((shop.settings.home / "landing" / "shop" / feed).iterdir()))


def publish(connection: psycopg.Connection, day: date) -> None:
    connection.execute("insert into ops.publications (business_date, rows) values (%s, '{}')", (day,))


def test_a_file_goes_on_its_day_and_its_manifest_stays(shop: SourceFactory, connection: psycopg.Connection) -> None:
    publish(connection, D2)
    assert retire(shop.settings, D1 + timedelta(days=29)) == 0
    due = D1 + timedelta(days=30)
    assert retire(shop.settings, due) == 1
    assert (landed(shop), landed(shop, "orders")) == (1, 2)
    rows = connection.execute(
        "select night, landed_as is null, deleted_on, rows_seen from landing.files where feed = 'customers' order by 1"
    ).fetchall()
    assert rows == [(D1, True, due, 1), (D2, False, None, 1)]
    assert retire(shop.settings, due) == 0
    # It is still known: nothing is loaded twice.
    assert ingest(shop.settings, "customers", D1).loaded == 1
    assert connection.execute("select count(*) from raw.customers").fetchone() == (2,)


def test_a_file_stays_until_its_night_is_published(shop: SourceFactory, connection: psycopg.Connection) -> None:
    late = D2 + timedelta(days=99)
    assert retire(shop.settings, late) == 0
    publish(connection, D1)
    assert retire(shop.settings, late) == 1
    publish(connection, D2)
    assert retire(shop.settings, late) == 1
    assert landed(shop) == 0


def test_it_is_done_again_when_it_was_broken_off(shop: SourceFactory, connection: psycopg.Connection) -> None:
    publish(connection, D2)
    for path in (shop.settings.home / "landing" / "shop" / "customers").iterdir():
        path.unlink()
    assert retire(shop.settings, D2 + timedelta(days=30)) == 2
    assert connection.execute("select count(*) from landing.files where deleted_on is null").fetchone() == (2,)


def test_the_feeds_with_personal_data_are_those_whose_contract_says_so() -> None:
    feeds = set(personal_feeds())
    assert {"customers", "reviews", "survey_responses", "message_receipts"} <= feeds
    assert not {"orders", "order_lines", "payments", "consent_events", "products"} & feeds
