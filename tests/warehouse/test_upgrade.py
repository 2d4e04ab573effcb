"""A warehouse that an earlier version made and filled goes on: its schema grows, its rows stay, the next night loads."""

from __future__ import annotations

import base64
import shutil
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.sources.quarantine import Selection, dismiss
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.migrate import packaged
from huitou.warehouse.vault import Vault

pytestmark = pytest.mark.integration
RELEASED = Path(__file__).parent / "released"
# The key that sealed what `released/0_1.sql` holds.
KEY = base64.b64encode(bytes(range(32))).decode()
D1, D2 = date(2026, 11, 19), date(2026, 11, 20)
CUSTOMERS = ("customer_id", "person_id", "name", "phone", "email", "updated_at")
CONSENT = ("event_id", "customer_id", "channel", "purpose", "action", "occurred_at")
FEEDS = {"customers": CUSTOMERS, "orders": ORDERS, "consent_events": CONSENT}
OLD_ORDERS = [("o1", "paid", 2), ("o3", "paid", 4)]


@pytest.fixture
def shop(server: EmbeddedServer, tmp_path: Path) -> Iterator[SourceFactory]:
    """The warehouse of version 0.1 after its night D1, its landed files, and the shop that it reads; migrated."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    shutil.copytree(RELEASED / "landing", tmp_path / "landing")
    dump = (RELEASED / "0_1.sql").read_text(encoding="utf-8").replace("{home}", str(tmp_path))
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with psycopg.connect(server.url(name), autocommit=True) as restored:
            restored.execute(dump.encode())
        settings = Settings(home=tmp_path, warehouse_dsn=server.url(name), vault_key=KEY)
        ensure_ready(settings)
        factory = SourceFactory(tmp_path / "shop", settings)
        for feed, columns in FEEDS.items():
            factory.feed(feed, columns)
        yield factory
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def connection(shop: SourceFactory) -> Iterator[psycopg.Connection]:
    with connect(shop.settings) as opened:
        yield opened


def second_night(shop: SourceFactory) -> None:
    """o1 again as raw has it, o2 and o9 sent right, a new o5; u2 changes her phone; u1 refuses e-mail."""
    shop.drop(
        D2,
        "orders.csv",
        orders_csv(
            {"customer_id": "u1"},
            {"customer_id": "u2", "order_id": "o2"},
            {"customer_id": "u3", "order_id": "o9", "updated_at": "2026-11-20 11:00:00"},
            {"customer_id": "u4", "order_id": "o5"},
        ),
    )
    shop.drop(D2, "customers.csv", ",".join(CUSTOMERS) + "\nu2,p1,李雷,13955556666,,2026-11-20 10:00:00\n")
    shop.drop(D2, "consent_events.csv", ",".join(CONSENT) + "\ne3,u1,email,marketing,opt_out,2026-11-20 09:00:00\n")
    for feed in FEEDS:
        ingest(shop.settings, feed, D2)


def test_rows_are_kept_and_every_migration_is_applied(connection: psycopg.Connection) -> None:
    applied = connection.execute("select number, name from ops.migrations order by 1").fetchall()
    assert applied == [(m.number, m.name) for m in packaged()]
    assert connection.execute("select order_id, status, _line from raw.orders order by 1").fetchall() == OLD_ORDERS
    assert connection.execute("select count(*) from raw.customers").fetchone() == (3,)
    assert connection.execute("select count(*) from vault.consent_events").fetchone() == (2,)
    states = "select quarantine_id, state, closed_how, closed_on is not null from quarantine.rows order by 1"
    assert connection.execute(states).fetchall() == [
        (1, "dismissed", "dismissed", True),
        *((number, "open", None, False) for number in (2, 3, 4)),
    ]


def test_the_next_night_loads_as_into_a_new_warehouse(shop: SourceFactory, connection: psycopg.Connection) -> None:
    second_night(shop)
    night = "select feed, rows_seen, loaded, duplicate, quarantined from landing.files where night = %s order by 1"
    assert connection.execute(night, (D2,)).fetchall() == [
        ("consent_events", 1, 1, 0, 0),
        ("customers", 1, 1, 0, 0),
        ("orders", 4, 3, 1, 0),
    ]
    held = connection.execute("select order_id, _business_date, _line from raw.orders order by 1").fetchall()
    assert held == [("o1", D1, 2), ("o2", D2, 3), ("o3", D1, 4), ("o5", D2, 5), ("o9", D2, 4)]
    cases = connection.execute(
        "select row ->> 'order_id', state, closed_how from quarantine.rows where feed = 'orders'"
    )
    assert set(cases.fetchall()) == {
        ("o2", "released", "sent_right"),
        ("o1", "open", None),
        ("o9", "released", "sent_right"),
    }


def test_an_old_case_is_released_when_its_mapping_is_mended(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    mended = {name: {"from": name} for name in ORDERS} | {"status": {"from": "status", "values": {"lost": "cancelled"}}}
    shop.feed("orders", mended)
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "o5", "customer_id": "u4"}))
    ingest(shop.settings, "orders", D2)
    assert connection.execute("select status, _line from raw.orders where order_id = 'o2'").fetchone() == (
        "cancelled",
        3,
    )
    old = "select rows_seen, loaded, duplicate, quarantined from landing.files where feed = 'orders' and night = %s"
    assert connection.execute(old, (D1,)).fetchone() == (5, 3, 0, 2)


@pytest.mark.parametrize("mended", [False, True])
def test_the_reconciliation_passes_over_files_without_sums(
    shop: SourceFactory, connection: psycopg.Connection, mended: bool
) -> None:
    if mended:
        columns = {name: {"from": name} for name in ORDERS}
        shop.feed("orders", columns | {"status": {"from": "status", "values": {"lost": "cancelled"}}})
    second_night(shop)
    dismiss(shop.settings, Selection((3,)), "sent twice", "a person")
    differs = """
        with sent as (
            select f.feed, s.day, s.currency, s.measure, sum(s.value) as value
            from landing.sums as s join landing.files as f using (file_id)
            where s.verdict = 'loaded' group by 1, 2, 3, 4
        ), held as (
            select feed, day, currency, measure, sum(value) filter (where is_counted) as value
            from landing.raw_figures group by 1, 2, 3, 4
        )
        select * from sent full join held using (feed, day, currency, measure)
        where coalesce(sent.value, 0) <> coalesce(held.value, 0)
    """
    assert connection.execute(differs.encode()).fetchall() == []
    assert connection.execute(
        "select count(*) from landing.sums as s join landing.files as f using (file_id) where f.night = %s", (D1,)
    ).fetchone() == (0,)


def test_persons_and_their_refusals_are_carried_over(shop: SourceFactory, connection: psycopg.Connection) -> None:
    second_night(shop)
    keys = dict(connection.execute("select customer_id, customer_key from vault.accounts_as_of('infinity')").fetchall())
    assert keys["u1"] == keys["u2"] == "c_d5a5e28657a41f3442da2d24"
    assert len({keys["u1"], keys["u3"], keys["u4"]}) == 3
    word = "select channel, granted from vault.consent_as_of(%s) where customer_key = %s order by 1"
    assert connection.execute(word, (D1, keys["u1"])).fetchall() == [("sms", False)]
    assert connection.execute(word, (D2, keys["u1"])).fetchall() == [("email", False), ("sms", False)]
    vault = Vault(shop.settings)
    refused = connection.execute("select contact_hash from vault.refused_as_of(%s) where channel = 'sms'", (D2,))
    assert {row[0] for row in refused} == {
        vault.hash("phone", f"+86{number}") for number in ("13911112222", "13911112223", "13955556666")
    } | {vault.hash("email", "lilei@example.com")}
    box = connection.execute(
        "select sealed from vault.contact_points where contact_hash = %s", (vault.hash("phone", "+8613911112222"),)
    ).fetchone()
    assert box is not None
    assert vault.open(vault.hash("phone", "+8613911112222"), box[0]) == "+8613911112222"
