"""Ingest on a real warehouse: every row accounted for, whatever is run twice, late or killed."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources import load
from huitou.sources.ingest import IngestResult, ingest
from huitou.warehouse.vault import Vault

pytestmark = pytest.mark.integration
D1, D2, D3 = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS)
    return factory


def counts(result: IngestResult) -> tuple[int, int, int, int]:
    return result.seen, result.loaded, result.duplicate, result.quarantined


def current_status(connection: psycopg.Connection) -> dict[str, str]:
    return dict(
        connection.execute(
            "select distinct on (order_id) order_id, status from raw.orders order by order_id, _version desc"
        ).fetchall()
    )


def quarantined(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select line, reasons from quarantine.rows order by file_id, line").fetchall()


def test_every_row_is_loaded_duplicate_or_quarantined(shop: SourceFactory, connection: psycopg.Connection) -> None:
    good = {"order_id": "a", "customer_id": "u"}
    shop.drop(
        D1,
        "orders.csv",
        orders_csv(
            good, good, {"order_id": "b", "ordered_at": "soon"}, {"order_id": "c"}, good | {"status": "shipped"}
        ),
    )
    assert counts(ingest(shop.settings, "orders", D1)) == (5, 2, 1, 2)
    assert quarantined(connection) == [(4, ["not_a_timestamp:ordered_at"]), (6, ["conflict:order_id"])]


def test_nothing_changes_when_a_night_is_run_again(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "?"}))
    first = ingest(shop.settings, "orders", D1)
    before = connection.execute("select * from raw.orders").fetchall()
    assert ingest(shop.settings, "orders", D1) == first
    assert connection.execute("select * from raw.orders").fetchall() == before
    assert len(quarantined(connection)) == 1


def test_the_newer_version_wins_when_it_comes_first_or_last(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(D1, "orders.csv", orders_csv({"status": "shipped", "updated_at": "2026-11-19 20:00:00"}))
    shop.drop(D2, "orders.csv", orders_csv({"status": "paid", "updated_at": "2026-11-19 12:00:00"}))
    ingest(shop.settings, "orders", D1)
    ingest(shop.settings, "orders", D2)
    assert current_status(connection) == {"o1": "shipped"}


def test_a_row_sent_again_the_next_night_is_a_duplicate(shop: SourceFactory) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}))
    shop.drop(D2, "orders.csv", orders_csv({}, {}))
    assert counts(ingest(shop.settings, "orders", D1)) == (1, 1, 0, 0)
    assert counts(ingest(shop.settings, "orders", D2)) == (2, 1, 1, 0)


def test_a_file_that_came_late_is_taken_by_the_next_night(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "b"}))
    ingest(shop.settings, "orders", D2)
    shop.drop(D1, "orders.csv", orders_csv({"order_id": "a"}))
    shop.drop(D3, "orders.csv", orders_csv({"order_id": "c"}))
    assert ingest(shop.settings, "orders", D3).files == 2
    days = dict(connection.execute("select order_id, _business_date from raw.orders").fetchall())
    assert days == {"a": D1, "b": D2, "c": D3}


def test_the_day_a_row_was_known_is_the_same_in_any_order(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D2, "orders.csv", orders_csv({}))
    ingest(shop.settings, "orders", D2)
    shop.drop(D1, "orders.csv", orders_csv({}))
    assert counts(ingest(shop.settings, "orders", D1)) == (1, 1, 0, 0)
    assert counts(ingest(shop.settings, "orders", D2)) == (1, 0, 1, 0)
    assert connection.execute("select _business_date from raw.orders").fetchall() == [(D1,)]


def test_the_same_name_with_other_bytes_is_a_new_version(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}))
    ingest(shop.settings, "orders", D1)
    shop.drop(D1, "orders.csv", orders_csv({}, {}))
    result = ingest(shop.settings, "orders", D1)
    assert (result.files, result.loaded, result.duplicate) == (2, 2, 1)


def test_rows_are_read_anew_when_the_mapping_was_mended(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "付了"}))
    assert counts(ingest(shop.settings, "orders", D1)) == (2, 1, 0, 1)
    columns: dict[str, Any] = {name: {"from": name} for name in ORDERS}
    shop.feed("orders", columns | {"status": {"from": "status", "values": {"付了": "paid"}}})
    assert counts(ingest(shop.settings, "orders", D1)) == (2, 2, 0, 0)
    assert quarantined(connection) == []


def conflicting(shop: SourceFactory) -> None:
    """Three files that say three things of one order; that of the first day holds."""
    for day, status in ((D1, "paid"), (D2, "shipped"), (D3, "delivered")):
        shop.drop(day, "orders.csv", orders_csv({"status": status}))


def test_what_was_loaded_leaves_raw_when_an_earlier_night_contradicts_it(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    conflicting(shop)
    hidden = {day: (shop.drops / day.isoformat() / "orders.csv").read_bytes() for day in (D1, D2)}
    for day in hidden:
        (shop.drops / day.isoformat() / "orders.csv").unlink()
    assert counts(ingest(shop.settings, "orders", D3)) == (1, 1, 0, 0)
    shop.drop(D2, "orders.csv", hidden[D2])
    assert counts(ingest(shop.settings, "orders", D2)) == (1, 1, 0, 0)
    shop.drop(D1, "orders.csv", hidden[D1])
    assert counts(ingest(shop.settings, "orders", D1)) == (1, 1, 0, 0)
    assert [counts(ingest(shop.settings, "orders", day)) for day in (D2, D3)] == [(1, 0, 0, 1)] * 2
    assert current_status(connection) == {"o1": "paid"}
    sent = connection.execute("select business_date, row->>'status' from quarantine.rows order by 1").fetchall()
    assert sent == [(D2, "shipped"), (D3, "delivered")]


def test_a_row_goes_to_quarantine_by_what_raw_knew_when_its_file_is_gone_from_landing(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(D2, "orders.csv", orders_csv({"status": "shipped", "discount": "1.50"}))
    ingest(shop.settings, "orders", D2)
    for path in (shop.settings.home / "landing").rglob("*orders.csv"):
        path.unlink()
    shop.drop(D1, "orders.csv", orders_csv({}))
    ingest(shop.settings, "orders", D1)
    rows = connection.execute("select row->>'status', row->>'discount' from quarantine.rows").fetchall()
    assert rows == [("shipped", "1.5000")]


def test_a_rival_is_loaded_when_the_row_that_displaced_it_is_read_otherwise(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    conflicting(shop)
    for day in (D1, D2, D3):
        ingest(shop.settings, "orders", day)
    columns: dict[str, Any] = {name: {"from": name} for name in ORDERS}
    shop.feed("orders", columns | {"status": {"from": "status", "values": {"paid": "unknown"}}})
    assert counts(ingest(shop.settings, "orders", D1)) == (1, 0, 0, 1)
    assert current_status(connection) == {"o1": "shipped"}
    assert quarantined(connection) == [(2, ["conflict:order_id"]), (2, ["not_allowed:status"])]
    loaded = connection.execute("select business_date, loaded, quarantined from landing.files order by 1").fetchall()
    assert loaded == [(D1, 0, 1), (D2, 1, 0), (D3, 0, 1)]


def test_what_a_person_dismissed_is_not_loaded_when_it_comes_again(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(D2, "orders.csv", orders_csv({}))
    shop.drop(D3, "orders.csv", orders_csv({"status": "cancelled"}))
    ingest(shop.settings, "orders", D2)
    ingest(shop.settings, "orders", D3)
    connection.execute("update quarantine.rows set state = 'dismissed'")
    shop.drop(D1, "orders.csv", orders_csv({"status": "cancelled"}))
    assert counts(ingest(shop.settings, "orders", D1)) == (1, 0, 1, 0)
    assert current_status(connection) == {"o1": "paid"}
    assert len(quarantined(connection)) == 1


@pytest.mark.parametrize("many", [1, 3, 1_000])
def test_rows_that_repeat_are_found_when_the_batch_is_large_or_small(
    shop: SourceFactory, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(load, "MANY", many)
    shop.drop(D1, "orders.csv", orders_csv({}, {}, {}))
    assert counts(ingest(shop.settings, "orders", D1)) == (3, 3, 0, 0)
    shop.drop(
        D2, "orders.csv", orders_csv({}, {"status": "cancelled"}, {}, {}, {"order_id": "o4", "customer_id": "u4"})
    )
    assert counts(ingest(shop.settings, "orders", D2)) == (5, 1, 3, 1)
    shop.drop(D3, "orders.csv", orders_csv({"order_id": "x"}, {"order_id": "y"}, {"order_id": "x"}))
    assert counts(ingest(shop.settings, "orders", D3)) == (3, 2, 0, 1)
    assert connection.execute("select count(*) from raw.orders").fetchone() == (6,)
    keys = "select count(*) from pg_constraint where conrelid = 'raw.orders'::regclass and contype = 'p'"
    assert connection.execute(keys).fetchone() == (1,)


def test_a_row_is_cast_by_sql_when_only_some_of_a_file_is_plain(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(
        D1, "orders.csv", orders_csv({}, {"ordered_at": "2026-1-5 9:30"}, {"discount": "+1e1"}, {"discount": "x"})
    )
    assert counts(ingest(shop.settings, "orders", D1)) == (4, 3, 0, 1)
    rows = connection.execute("select _line, ordered_at::text, discount::text from raw.orders order by 1").fetchall()
    assert rows == [
        (2, "2026-11-20 02:00:00+00", "0.0000"),
        (3, "2026-01-05 01:30:00+00", "0.0000"),
        (4, "2026-11-20 02:00:00+00", "10.0000"),
    ]


def test_one_file_of_all_dates_gives_each_night_what_was_known(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.feed("orders", ORDERS, files={"path": "all.csv", "date_column": "ordered_at"})
    rows = [
        {"ordered_at": f"2026-11-{day} 09:00:00", "updated_at": f"2026-11-{day} 09:00:00"} for day in (18, 19, 20, 21)
    ]
    (shop.drops / "all.csv").write_text(orders_csv(*rows, {"ordered_at": "when?"}), encoding="utf-8")
    result = ingest(shop.settings, "orders", D2)
    assert (counts(result), result.ahead) == ((4, 3, 0, 1), 1)
    result = ingest(shop.settings, "orders", D3)
    assert (counts(result), result.ahead) == ((5, 1, 4, 0), 0)
    assert [reasons for _, reasons in quarantined(connection)] == [
        ["not_a_timestamp:ordered_at", "not_a_date:ordered_at"]
    ]


def test_a_flat_line_export_loads_by_mapping_alone(shop: SourceFactory, connection: psycopg.Connection) -> None:
    flat = (
        "单号,客户,时间,状态,商品,件数,单价\n"
        "A1,u1,2026-11-19 10:00:00,paid,p1,2,10.00\nA1,u1,2026-11-19 10:00:00,paid,p2,1,5.50\n"
        "A2,u2,2026-11-19 11:00:00,paid,p1,1,10.00\n"
    )
    order = {"order_id": "单号", "customer_id": "客户", "ordered_at": "时间", "status": "状态"}
    line = {"order_id": "单号", "product_id": "商品", "quantity": "件数", "unit_price": "单价"}
    path = {"files": {"path": "{business_date}/flat.csv"}}
    shop.feed("orders", {k: {"from": v} for k, v in order.items()}, ignore=["商品", "件数", "单价"], **path)
    mapped: dict[str, Any] = {k: {"from": v} for k, v in line.items()}
    shop.feed("order_lines", mapped | {"line_no": {"ordinal": ["单号"]}}, ignore=["客户", "时间", "状态"], **path)
    shop.drop(D1, "flat.csv", flat)
    assert counts(ingest(shop.settings, "orders", D1)) == (3, 2, 1, 0)
    assert counts(ingest(shop.settings, "order_lines", D1)) == (3, 3, 0, 0)
    lines = connection.execute("select order_id, line_no, quantity from raw.order_lines order by 1, 2").fetchall()
    assert lines == [("A1", 1, 2), ("A1", 2, 1), ("A2", 1, 1)]


CUSTOMERS = ("customer_id", "person_id", "name", "phone", "email", "updated_at")
PHONE, EMAIL = "13912345678", "canary@example.com"


def test_contact_points_reach_the_vault_alone(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.feed("customers", CUSTOMERS)
    shop.drop(
        D1,
        "customers.csv",
        "customer_id,person_id,name,phone,email,updated_at\n"
        f"u1,,李雷,{PHONE},{EMAIL},2026-11-19 10:00:00\n"
        f"u2,,{PHONE},12,{EMAIL},never\n"
        f"u3,{PHONE}\n",
    )
    assert counts(ingest(shop.settings, "customers", D1)) == (3, 1, 0, 2)
    vault = Vault(shop.settings)
    opened = {
        kind: vault.open(name, sealed)
        for name, kind, sealed in connection.execute("select contact_hash, kind, sealed from vault.contact_points")
    }
    assert opened["phone"] == f"+86{PHONE}"
    assert opened["row"] == f"u3,{PHONE}"
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in ('raw', 'quarantine', 'landing', 'ops', 'vault')"
    ).fetchall()
    for schema, table in tables:
        text = connection.execute(f"select coalesce(string_agg(t::text, ''), '') from {schema}.{table} as t").fetchone()
        assert text is not None
        for secret in (PHONE, EMAIL, "李雷"):
            assert secret not in text[0], f"{schema}.{table}"


def test_accounts_become_one_person_when_the_source_says_so(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.feed("customers", CUSTOMERS)
    shop.drop(D1, "orders.csv", orders_csv({"customer_id": "u1"}, {"customer_id": "u2"}, {"customer_id": "u3"}))
    ingest(shop.settings, "orders", D1)
    shop.drop(D1, "customers.csv", "customer_id,person_id,name,phone,email,updated_at\nu1,p,,,,\nu2,p,,,,\nu3,,,,,\n")
    ingest(shop.settings, "customers", D1)
    keys = dict(
        connection.execute("select customer_id, vault.current_key(customer_key) from vault.identities").fetchall()
    )
    assert keys["u1"] == keys["u2"] != keys["u3"]


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        pytest.param(
            None, "", TransientError, r"no file for 2026-11-19: looked for 2026-11-19/orders.csv", id="no file"
        ),
        pytest.param(
            "orders.csv",
            "order_id,status\no1,paid\n",
            UserError,
            r"no column '[a-z_]+'\. It has: order_id, status",
            id="column",
        ),
        pytest.param(
            "orders.csv", orders_csv({}, {})[:-40], UserError, rf"{D1}/orders\.csv: the file is cut", id="cut"
        ),
        pytest.param("orders.csv", "", UserError, rf"{D1}/orders\.csv: the file is cut: it is empty", id="empty"),
    ],
)
def test_nothing_is_loaded_when_a_file_is_not_right(
    shop: SourceFactory,
    connection: psycopg.Connection,
    name: str | None,
    content: str,
    error: type[Exception],
    says: str,
) -> None:
    if name:
        shop.drop(D1, name, content)
    with pytest.raises(error, match=says):
        ingest(shop.settings, "orders", D1)
    for table in ("raw.orders", "landing.files", "quarantine.rows", "vault.identities"):
        assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)
    outcome = connection.execute("select outcome, detail ->> 'error' from ops.steps").fetchall()
    assert len(outcome) == 1
    assert outcome[0][0] == "failed"


def test_a_missing_root_is_named_with_what_to_do(shop: SourceFactory) -> None:
    settings = shop.settings.model_copy(update={"source_root": "/nowhere/at/all"})
    with pytest.raises(UserError, match=r"/nowhere/at/all does not exist.*HUITOU_SOURCE_ROOT"):
        ingest(settings, "orders", D1)


def test_the_good_rows_load_when_a_row_holds_nul_or_too_many_values(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    text = orders_csv({}, {"status": "pa\x00id"}, {})
    shop.drop(D1, "orders.csv", text.replace("o3,", "o3,extra,"))
    assert counts(ingest(shop.settings, "orders", D1)) == (3, 1, 0, 2)


def test_a_new_column_is_told_and_the_rows_load(shop: SourceFactory) -> None:
    shop.drop(
        D1,
        "orders.csv",
        "\n".join(f"{line},x" for line in orders_csv({}).splitlines()).replace("updated_at,x", "updated_at,gift")
        + "\n",
    )
    result = ingest(shop.settings, "orders", D1)
    assert (result.loaded, result.new_columns) == (1, ["gift"])


def test_two_that_ingest_at_once_load_every_row_once(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv(*[{} for _ in range(200)]))
    results: list[IngestResult] = []
    threads = [threading.Thread(target=lambda: results.append(ingest(shop.settings, "orders", D1))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [counts(result) for result in results] == [(200, 200, 0, 0)] * 3
    assert connection.execute("select count(*) from raw.orders").fetchone() == (200,)


CELL = st.one_of(st.sampled_from(["o1", "o2", "paid", "", "2026-11-20 10:00:00", "CNY", "1"]), st.text(max_size=5))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, min_size=1, max_size=9), max_size=12))
def test_any_rows_add_up_or_the_file_is_refused(
    shop: SourceFactory, connection: psycopg.Connection, rows: list[list[str]]
) -> None:
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    shop.drop(D1, "orders.csv", ",".join(ORDERS) + "\n" + "".join(line + "\n" for line in lines))
    try:
        result = ingest(shop.settings, "orders", D1)
    except UserError:
        return
    assert result.seen == result.loaded + result.duplicate + result.quarantined
    newest = connection.execute("select rows_seen from landing.files order by file_id desc limit 1").fetchone()
    assert newest is not None
