"""Erasure: after it no trace of the person is anywhere in the warehouse or the home, and nothing brings one back."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.erasure import Erased, erase
from huitou.sources.ingest import ingest
from huitou.sources.searching import may_hold
from huitou.warehouse.vault import Vault

pytestmark = pytest.mark.integration
D1, D2, D3 = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)
CUSTOMERS = ("customer_id", "person_id", "name", "phone", "email", "wechat", "city", "updated_at")
SURVEYS = ("response_id", "customer_id", "metric", "dimension", "score", "comment", "answered_at")
RECEIPTS = ("provider_id", "email", "status", "occurred_at")
# The person's: two accounts, joined by the phone; what they said; a row in the wrong columns; a torn row.
CANARIES = ("13911112222", "canary@example.com", "canary_wechat", "金丝雀", "金丝雀市", "只有金丝雀才这么说")
HEAD = ",".join(CUSTOMERS) + "\n"
FIRST = (
    f"{HEAD}M1,,金丝雀,13911112222,canary@example.com,canary_wechat,金丝雀市,2026-11-19 10:00:00\n"
    "M2,,金丝雀,+86 139 1111 2222,,,,2026-11-19 10:00:00\n"
    "M3,,金丝雀,13933334444,other@example.com,other_wechat,杭州,2026-11-19 10:00:00\n"
)
SECOND = (
    f"{HEAD}M1,,canary@example.com,13911112222,13911112222,,金丝雀市,never\n"
    "M1,13911112222\n"
    "M4,,李雷,13911112222,,,,2026-11-20 10:00:00\n"
)


def survey(*rows: str) -> str:
    return ",".join(SURVEYS) + "\n" + "".join(f"{row}\n" for row in rows)


SAID = "s1,M1,csat,product,5,只有金丝雀才这么说,2026-11-19 12:00:00"
TOLD = "p1,canary@example.com,delivered,2026-11-19 12:00:00"


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("customers", CUSTOMERS, files={"path": "{business_date}/customers.csv.gz"})
    factory.feed("orders", ORDERS)
    factory.feed("survey_responses", SURVEYS)
    factory.feed("message_receipts", RECEIPTS)
    return factory


def night(shop: SourceFactory, day: date, customers: str, said: str = SAID, told: str = TOLD) -> None:
    shop.drop(day, "customers.csv.gz", customers)
    shop.drop(day, "orders.csv", orders_csv({"customer_id": "M1"}, {"customer_id": "M3"}))
    shop.drop(day, "survey_responses.csv", survey(said, f"o{day},M3,csat,product,4,还行,{day} 12:00:00"))
    shop.drop(day, "message_receipts.csv", ",".join(RECEIPTS) + f"\n{told}\n")
    for feed in ("customers", "orders", "survey_responses", "message_receipts"):
        ingest(shop.settings, feed, day)


def tables(connection: psycopg.Connection) -> dict[str, str]:
    """Every table of the warehouse as text."""
    names = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    out = {}
    for (name,) in names:
        row = connection.execute(f"select coalesce(string_agg(t::text, chr(10)), '') from {name} as t").fetchone()
        assert row is not None
        out[name] = row[0]
    return out


def hits(connection: psycopg.Connection, home: Path, words: list[str]) -> set[str]:
    """Where in tables and files of the home any of the words stands; the shop's own folder is not the platform's."""
    found = {name for name, text in tables(connection).items() if any(word in text for word in words)}
    files = [p for p in home.rglob("*") if p.is_file() and (home / "shop") not in p.parents]
    return found | {str(p.relative_to(home)) for p in files if may_hold(p, words)}


def hashes(settings: Settings) -> list[str]:
    vault = Vault(settings)
    return [
        vault.hash("phone", "+8613911112222"),
        vault.hash("email", "canary@example.com"),
        vault.hash("wechat", "canary_wechat"),
    ]


def sealed(connection: psycopg.Connection, settings: Settings) -> set[str]:
    vault = Vault(settings)
    rows = connection.execute("select contact_hash, sealed from vault.contact_points").fetchall()
    return {vault.open(name, box) for name, box in rows}


def export(settings: Settings) -> Path:
    path = settings.home / "lists" / "2026-11-20" / "winback.contacts.csv"
    path.parent.mkdir(parents=True)
    text = "\ufeffcustomer_key,contact\r\n{},13911112222\r\n{},13933334444\r\n"
    keys = [key_of(settings, name) for name in ("M1", "M3")]
    path.write_text(text.format(*keys), encoding="utf-8", newline="")
    return path


def key_of(settings: Settings, customer: str) -> str:
    from huitou.sources.identity import customer_key_of
    from huitou.warehouse.connection import connect

    with connect(settings) as connection:
        return customer_key_of(connection, customer)


def erased_shop(shop: SourceFactory) -> Erased:
    night(shop, D1, FIRST)
    night(shop, D2, SECOND, said=f"s1,M1,csat,product,9,只有金丝雀才这么说,{D2} 12:00:00")
    return erase(shop.settings, "M2", D2)


def test_no_trace_is_left_and_other_people_lose_nothing(shop: SourceFactory, connection: psycopg.Connection) -> None:
    night(shop, D1, FIRST)
    night(shop, D2, SECOND, said=f"s1,M1,csat,product,9,只有金丝雀才这么说,{D2} 12:00:00")
    listed = export(shop.settings)
    before = hits(connection, shop.settings.home, [*CANARIES, *hashes(shop.settings)])
    assert {"raw.customers", "quarantine.rows", "vault.identifiers"} <= before
    assert any(name.startswith("landing/shop/customers/") for name in before)
    assert "lists/2026-11-20/winback.contacts.csv" in before
    others = connection.execute("select * from raw.customers where customer_id in ('M3', 'M4') order by 1").fetchall()
    result = erase(shop.settings, "M2", D2)
    assert (result.accounts, result.suppressed, result.exports) == (2, 4, 1)
    assert result.customer_key == key_of(shop.settings, "M1")
    # M3 and M4 are others: the one has the name, the other the phone.
    left = hits(connection, shop.settings.home, [word for word in CANARIES if word != "金丝雀"])
    assert left == set()
    assert hits(connection, shop.settings.home, hashes(shop.settings)[1:]) == {"vault.suppressions"}
    assert sealed(connection, shop.settings) == {
        "金丝雀", "李雷", "+8613933334444", "other@example.com", "other_wechat", "+8613911112222",
    }  # fmt: skip
    assert (
        others
        == connection.execute("select * from raw.customers where customer_id in ('M3', 'M4') order by 1").fetchall()
    )
    assert "13933334444" in listed.read_text(encoding="utf-8-sig")
    assert connection.execute("select count(*) from raw.orders where customer_id = 'M1'").fetchone() == (1,)
    assert connection.execute("select count(*) from landing.files where rows_seen > 0").fetchone() == (8,)


def test_an_old_file_read_again_brings_nothing_back(shop: SourceFactory, connection: psycopg.Connection) -> None:
    erased_shop(shop)
    # The same again under another day, a newer version, and the old files under a mended mapping.
    newer = FIRST.replace("10:00:00", "23:00:00") + SECOND.partition("\n")[2]
    night(shop, D3, FIRST + newer.partition("\n")[2], told=TOLD.replace("p1", "p2"))
    columns = {name: {"from": name} for name in CUSTOMERS} | {"city": {"from": "city", "values": {"x": "y"}}}
    shop.feed("customers", columns, files={"path": "{business_date}/customers.csv.gz"})
    for day in (D1, D2, D3):
        ingest(shop.settings, "customers", day)
    # What was landed once more holds rows of the person and is deleted when they are taken in; a row that is torn
    # tells nobody whose it is, so its file waits for the next erasure, or for retention.
    left = hits(connection, shop.settings.home, [word for word in CANARIES if word != "金丝雀"])
    assert left == set()
    again = erase(shop.settings, "M1", D3)
    assert (again.accounts, again.suppressed) == (0, 0)
    assert hits(connection, shop.settings.home, hashes(shop.settings)[1:]) == {"vault.suppressions"}
    assert "canary@example.com" not in sealed(connection, shop.settings)
    bad = connection.execute("select name, rows_seen - loaded - duplicate - quarantined from landing.files").fetchall()
    assert {rest for _, rest in bad} == {0}


def test_a_refusal_outlives_the_person(shop: SourceFactory, connection: psycopg.Connection) -> None:
    erased_shop(shop)
    refused = connection.execute("select * from vault.refused_as_of('infinity')").fetchall()
    phone, email, wechat = hashes(shop.settings)
    assert {(phone, "sms"), (phone, "phone"), (email, "email"), (wechat, "wechat")} <= set(refused)
    # The same person under another account, as an import would bring them.
    night(shop, D3, f"{HEAD}M9,,金丝雀,13911112222,canary@example.com,,,2026-11-21 10:00:00\n")
    assert key_of(shop.settings, "M9") != key_of(shop.settings, "M1")
    assert set(connection.execute("select * from vault.refused_as_of('infinity')").fetchall()) == set(refused)


def test_what_waits_for_the_person_is_cancelled_and_the_rest_counted(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    night(shop, D1, FIRST)
    for number, state in enumerate(("approved", "parked", "accepted", "unknown")):
        connection.execute(
            "insert into ops.messages (message_id, campaign, period, customer_key, channel, contact_kind, contact_hash,"
            " consent, business_date, expires_at, payload, state)"
            " values (gen_random_uuid(), 'c', %s, %s, 'http', 'phone', 'h', 'sms', %s, 'infinity', '{}', %s)",
            (str(number), key_of(shop.settings, "M2"), D1, state),
        )
    assert erase(shop.settings, "M1", D1).messages == 2
    states = connection.execute("select state, state_reason from ops.messages order by period").fetchall()
    assert states == [("cancelled", "suppressed"), ("cancelled", "suppressed"), ("accepted", None), ("unknown", None)]
    audit = connection.execute("select customer_key, business_date, counts ->> 'messages' from ops.erasures").fetchall()
    assert audit == [(key_of(shop.settings, "M1"), D1, "2")]


def test_what_was_built_of_the_person_goes_at_once(shop: SourceFactory, connection: psycopg.Connection) -> None:
    night(shop, D1, FIRST)
    connection.execute("create table staging.people (customer_key text, city text, orders integer)")
    for name in ("M1", "M3"):
        connection.execute("insert into staging.people values (%s, '城', 1)", (key_of(shop.settings, name),))
    erase(shop.settings, "M1", D1)
    rows = connection.execute("select city, orders from staging.people order by city nulls first").fetchall()
    assert rows == [(None, 1), ("城", 1)]


def test_consent_of_the_erased_is_a_refusal(shop: SourceFactory, connection: psycopg.Connection) -> None:
    columns = ("event_id", "customer_id", "channel", "purpose", "action", "occurred_at")
    shop.feed("consent_events", columns)
    night(shop, D1, FIRST)
    shop.drop(D1, "consent_events.csv", ",".join(columns) + "\ne1,M1,sms,marketing,opt_in,2026-11-19 09:00:00\n")
    ingest(shop.settings, "consent_events", D1)
    assert connection.execute("select granted from vault.consent_as_of(%s)", (D1,)).fetchall()[0] == (True,)
    erase(shop.settings, "M1", D1)
    assert {row[0] for row in connection.execute("select granted from vault.consent_as_of(%s)", (D1,))} == {False}


def test_a_customer_that_nobody_knows_is_told(shop: SourceFactory) -> None:
    with pytest.raises(UserError, match="No customer is known as 'M77'"):
        erase(shop.settings, "M77", D1)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.csv", "x,13911112222,y".encode("utf-16-le"), True),
        ("a.csv.gz", gzip.compress("名,金丝雀".encode("gbk"), mtime=0), True),
        ("a.csv.gz", gzip.compress(b"nobody", mtime=0), False),
        ("a.csv.gz", b"not gzip at all", True),
        ("a.parquet", b"anything", True),
        ("a.csv", b"n" * (1 << 20) + b"13911112222", True),
        ("a.csv", b"n" * ((1 << 20) - 5) + b"13911112222" + b"n" * 99, True),
        ("a.csv", b"1391111222", False),
    ],
)
def test_a_file_is_searched_in_any_encoding(tmp_path: Path, name: str, data: bytes, found: bool) -> None:
    (tmp_path / name).write_bytes(data)
    assert may_hold(tmp_path / name, ["13911112222", "金丝雀"]) is found
    assert may_hold(tmp_path / "gone.csv", ["x"]) is False
