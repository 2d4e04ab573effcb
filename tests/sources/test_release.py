"""Rows that come back from quarantine: judged as on their first night, counted once, from the text as it was sent."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from factories.books import assert_books_agree
from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources import release as release_room
from huitou.sources.ingest import IngestResult, ingest
from huitou.sources.quarantine import Outcome, Selection, dismiss, one_case, open_cases, release

pytestmark = pytest.mark.integration
D1, D2, D3 = date(2026, 11, 19), date(2026, 11, 20), date(2026, 11, 21)
SAME: dict[str, Any] = {name: {"from": name} for name in ORDERS}
MENDED = SAME | {"status": {"from": "status", "values": {"付了": "paid"}}}
EVERY_ORDER = Selection(feed="orders", everything=True)


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS)
    return factory


def counts(result: IngestResult) -> tuple[int, int, int, int]:
    return result.seen, result.loaded, result.duplicate, result.quarantined


def states(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select line, state, closed_how, closed_on, reasons from quarantine.rows order by file_id, line"
    ).fetchall()


def manifest(connection: psycopg.Connection) -> list[tuple[int, ...]]:
    return connection.execute(
        "select rows_seen, loaded, duplicate, quarantined from landing.files order by file_id"
    ).fetchall()


def actions(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select line, action, by_whom, because from quarantine.actions order by 1, 2").fetchall()


def test_a_released_row_loads_as_if_it_had_come_right(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "付了", "discount": "2.50"}, {"status": "?"}))
    assert counts(ingest(shop.settings, "orders", D1)) == (3, 1, 0, 2)
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "o9"}))
    ingest(shop.settings, "orders", D2)
    shop.feed("orders", MENDED)
    outcomes = release(shop.settings, EVERY_ORDER, "li")
    assert sorted((o.outcome, o.rows, o.reasons) for o in outcomes) == [
        ("released", 1, ["loaded"]),
        ("still open", 1, ["not_allowed:status"]),
    ]
    row = connection.execute(
        "select r.status, r.discount, r._line, r._business_date, f.business_date"
        " from raw.orders as r join landing.files as f on f.file_id = r._file_id where order_id = 'o2'"
    ).fetchone()
    assert row is not None
    assert (row[0], float(row[1]), *row[2:]) == ("paid", 2.5, 3, D1, D1)
    assert manifest(connection) == [(3, 2, 0, 1), (1, 1, 0, 0)]
    assert states(connection) == [
        (3, "released", "recheck", D2, ["not_allowed:status"]),
        (4, "open", None, None, ["not_allowed:status"]),
    ]
    assert actions(connection) == [
        (3, "released", "li", "released by hand"),
        (4, "still_bad", "li", "released by hand"),
    ]
    assert connection.execute("select count(*) from vault.identities where customer_id = 'u2'").fetchone() == (1,)
    assert_books_agree(connection)


def test_a_record_sent_twice_is_released_once_and_once_as_a_duplicate(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    bad = {"order_id": "a", "customer_id": "u", "status": "付了", "discount": "5"}
    shop.drop(D1, "orders.csv", orders_csv(bad, bad))
    ingest(shop.settings, "orders", D1)
    shop.feed("orders", MENDED)
    outcomes = release(shop.settings, EVERY_ORDER, "li")
    assert [(o.outcome, o.reasons, o.rows) for o in outcomes] == [
        ("released", ["loaded"], 1),
        ("released", ["duplicate"], 1),
    ]
    assert manifest(connection) == [(2, 1, 1, 0)]
    assert_books_agree(connection)


def test_nothing_happens_twice_when_a_release_is_repeated(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "付了"}))
    ingest(shop.settings, "orders", D1)
    shop.feed("orders", MENDED)
    release(shop.settings, Selection(ids=(1,)), "li")
    before = manifest(connection), states(connection), actions(connection)
    assert release(shop.settings, Selection(ids=(1,)), "li") == [Outcome("orders", "was released before", [], 1, 1)]
    assert release(shop.settings, EVERY_ORDER, "li") == []
    assert dismiss(shop.settings, Selection(ids=(1,)), "no", "li")[0].outcome == "was released before"
    assert (manifest(connection), states(connection), actions(connection)) == before


def test_nothing_is_left_half_done_when_the_session_dies_in_a_release(
    shop: SourceFactory, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "付了"}))
    ingest(shop.settings, "orders", D1)
    shop.feed("orders", MENDED)
    real = release_room._review

    def dying(session: psycopg.Connection, *rest: Any) -> None:
        real(session, *rest)
        connection.execute("select pg_terminate_backend(%s)", (session.info.backend_pid,))
        session.execute("select 1")

    monkeypatch.setattr(release_room, "_review", dying)
    with pytest.raises(psycopg.OperationalError):
        release(shop.settings, EVERY_ORDER, "li")
    assert manifest(connection) == [(2, 1, 0, 1)]
    assert_books_agree(connection)
    monkeypatch.setattr(release_room, "_review", real)
    assert release(shop.settings, EVERY_ORDER, "li")[0].outcome == "released"
    assert_books_agree(connection)


def test_the_next_night_releases_what_a_mended_mapping_makes_right(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(D1, "orders.csv", orders_csv({}, {"status": "付了"}, {"status": "?"}))
    ingest(shop.settings, "orders", D1)
    shop.feed("orders", MENDED)
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "o9"}))
    assert counts(ingest(shop.settings, "orders", D2)) == (1, 1, 0, 0)
    assert manifest(connection) == [(3, 2, 0, 1), (1, 1, 0, 0)]
    assert [row[1] for row in states(connection)] == ["released", "open"]
    looked_at = actions(connection)
    assert [row[1:3] for row in looked_at] == [("released", "ingest"), ("still_bad", "ingest")]
    shop.drop(D3, "orders.csv", orders_csv({"order_id": "o10"}))
    ingest(shop.settings, "orders", D3)
    assert actions(connection) == looked_at, "rows that this mapping judged are not looked at again"
    assert_books_agree(connection)


@pytest.mark.parametrize("newer_first", [False, True], ids=["in order", "newer night first"])
def test_a_case_is_closed_when_the_source_sends_the_row_right(
    shop: SourceFactory, connection: psycopg.Connection, newer_first: bool
) -> None:
    shop.drop(D1, "orders.csv", orders_csv({"order_id": "a", "status": "?"}, {"order_id": "b", "status": "?"}))
    if newer_first:
        hidden = (shop.drops / D1.isoformat()).rename(shop.drops / "hidden")
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "a"}))
    shop.drop(D3, "orders.csv", orders_csv({"order_id": "a", "updated_at": "2026-11-21 09:00:00"}))
    if newer_first:
        ingest(shop.settings, "orders", D3)
        hidden.rename(shop.drops / D1.isoformat())
        ingest(shop.settings, "orders", D3)
    else:
        for day in (D1, D2, D3):
            ingest(shop.settings, "orders", day)
    assert states(connection) == [
        (2, "released", "sent_right", D2, ["not_allowed:status"]),
        (3, "open", None, None, ["not_allowed:status"]),
    ]
    case = one_case(shop.settings, connection.execute("select min(quarantine_id) from quarantine.rows").fetchone()[0])
    assert case.closed_by == "2026-11-20/orders.csv line 2"
    assert "released by ingest: the source sent it right: 2026-11-20/orders.csv line 2" in case.actions[-1]
    assert sum(row[3] for row in manifest(connection)) == 2, "the row as sent stays quarantined in its file"
    assert_books_agree(connection)


def test_an_older_version_closes_no_case(shop: SourceFactory, connection: psycopg.Connection) -> None:
    newer = {"order_id": "a", "updated_at": "2026-11-20 18:00:00"}
    shop.drop(D1, "orders.csv", orders_csv(newer | {"status": "?"}))
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "a", "updated_at": "2026-11-20 09:00:00"}))
    ingest(shop.settings, "orders", D1)
    ingest(shop.settings, "orders", D2)
    assert [row[1] for row in states(connection)] == ["open"]
    shop.drop(D3, "orders.csv", orders_csv(newer))
    ingest(shop.settings, "orders", D3)
    assert states(connection)[0][1:4] == ("released", "sent_right", D3)


def test_a_conflict_is_closed_by_a_newer_version_alone(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.drop(D1, "orders.csv", orders_csv({"order_id": "a"}, {"order_id": "a", "customer_id": "other"}))
    ingest(shop.settings, "orders", D1)
    shop.drop(D2, "orders.csv", orders_csv({"order_id": "a", "customer_id": "u1"}))
    ingest(shop.settings, "orders", D2)
    assert states(connection)[0][1] == "open"
    shop.drop(D3, "orders.csv", orders_csv({"order_id": "a", "updated_at": "2026-11-21 09:00:00"}))
    ingest(shop.settings, "orders", D3)
    assert states(connection)[0][1:4] == ("released", "sent_right", D3)


CUSTOMERS = ("customer_id", "name", "phone", "email", "updated_at")
PHONE, EMAIL = "13912345678", "canary@example.com"
PEOPLE = (
    "customer_id,name,phone,email,updated_at\n"
    f"u1,李雷,{PHONE},{EMAIL},gestern\n"
    f"u2,韩梅,12,{EMAIL},2026-11-19 10:00:00\n"
    f"u3;{PHONE}\n"
)


@pytest.mark.parametrize("gone", [False, True], ids=["from the landing file", "from the vault"])
def test_contact_points_come_from_where_they_are_kept(
    shop: SourceFactory, connection: psycopg.Connection, gone: bool
) -> None:
    shop.feed("customers", CUSTOMERS)
    shop.drop(D1, "customers.csv", PEOPLE.replace("gestern", "19/11/2026 10:00:00"))
    assert counts(ingest(shop.settings, "customers", D1)) == (3, 0, 0, 3)
    if gone:
        for path in (shop.settings.home / "landing").rglob("*-customers.csv"):
            path.unlink()
    mended = {name: {"from": name} for name in CUSTOMERS}
    shop.feed("customers", mended | {"updated_at": {"from": "updated_at", "format": "%d/%m/%Y %H:%M:%S"}})
    outcomes = release(shop.settings, Selection(feed="customers", everything=True), "li")
    assert {o.outcome: o.rows for o in outcomes if o.outcome == "released"} == {"released": 1}
    still = {tuple(o.reasons) for o in outcomes if o.outcome == "still open"}
    assert ("not_a_phone:phone", "not_a_timestamp:updated_at") in still
    assert any(reasons[0].startswith("not_a_row:") for reasons in still)
    row = connection.execute(
        "select k.kind from raw.customers as c join vault.contact_points as k on k.contact_hash in (c.phone, c.email)"
        " where customer_id = 'u1' order by 1"
    ).fetchall()
    assert row == [("email",), ("phone",)]
    assert manifest(connection) == [(3, 1, 0, 2)]
    for table in ("quarantine.rows", "quarantine.actions", "raw.customers", "landing.files", "landing.headers"):
        text = connection.execute(f"select string_agg(t::text, '') from {table} as t").fetchone()
        for secret in (PHONE, EMAIL, "李雷"):
            assert secret not in str(text), table
    assert_books_agree(connection)


def test_an_unreadable_row_is_read_from_the_vault_when_its_file_is_gone(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    first, second = orders_csv({}, {}).splitlines()[1:]
    shop.drop(D1, "orders.csv", f"{','.join(ORDERS)}\n{first}\n{second.replace(',', ';')}\n")
    assert counts(ingest(shop.settings, "orders", D1)) == (2, 1, 0, 1)
    for path in (shop.settings.home / "landing").rglob("*-orders.csv"):
        path.write_bytes(b"not the bytes that came")
    assert release(shop.settings, EVERY_ORDER, "li")[0].reasons == ["not_a_row:1 values for 7 columns"]
    shop.feed("orders", ORDERS, files={"delimiter": ";"})
    assert release(shop.settings, EVERY_ORDER, "li")[0].reasons == ["loaded"]
    assert connection.execute("select order_id, _line from raw.orders order by 1").fetchall() == [("o1", 2), ("o2", 3)]
    assert list((shop.settings.home / "landing").glob("tmp*")) == []
    assert_books_agree(connection)


def test_a_row_whose_text_is_nowhere_stays_as_it_was(shop: SourceFactory, connection: psycopg.Connection) -> None:
    shop.feed("customers", CUSTOMERS)
    shop.drop(D1, "customers.csv", PEOPLE)
    ingest(shop.settings, "customers", D1)
    for path in (shop.settings.home / "landing").rglob("*-customers.csv"):
        path.unlink()
    connection.execute("delete from vault.contact_points")
    before = manifest(connection), states(connection)
    outcomes = release(shop.settings, Selection(feed="customers", everything=True), "li")
    assert {o.outcome for o in outcomes} == {"still open"}
    assert {o.reasons[0] for o in outcomes} == {
        "the landing file is gone, and what the vault kept of the row was erased"
    }
    assert (manifest(connection), states(connection)) == before


def test_lines_without_a_number_keep_it_when_one_is_released(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    line = {"order_id": "单号", "product_id": "商品", "quantity": "件数", "unit_price": "单价"}
    mapped: dict[str, Any] = {k: {"from": v} for k, v in line.items()} | {"line_no": {"ordinal": ["单号"]}}
    shop.feed("order_lines", mapped)
    shop.drop(D1, "order_lines.csv", "单号,商品,件数,单价\nA1,p1,1,1.00\nA1,p2,两件,2.00\nA1,p3,1,3.00\n")
    assert counts(ingest(shop.settings, "order_lines", D1)) == (3, 2, 0, 1)
    shop.feed("order_lines", mapped | {"quantity": {"from": "件数", "values": {"两件": "2"}}})
    release(shop.settings, Selection(feed="order_lines", everything=True), "li")
    rows = connection.execute("select line_no, product_id, quantity from raw.order_lines order by 1").fetchall()
    assert rows == [(1, "p1", 1), (2, "p2", 2), (3, "p3", 1)]
    assert_books_agree(connection)


def test_a_row_of_a_file_of_all_dates_is_released_once(shop: SourceFactory, connection: psycopg.Connection) -> None:
    files = {"path": "all.csv", "date_column": "ordered_at"}
    shop.feed("orders", ORDERS, files=files)
    rows = [{"ordered_at": f"2026-11-{day} 09:00:00"} for day in (18, 19)] + [{"status": "付了"}]
    (shop.drops / "all.csv").write_text(orders_csv(*rows), encoding="utf-8")
    ingest(shop.settings, "orders", D2)
    shop.feed("orders", MENDED, files=files)
    assert release(shop.settings, EVERY_ORDER, "li")[0].outcome == "released"
    ingest(shop.settings, "orders", D3)
    assert connection.execute("select count(*) from raw.orders").fetchone() == (3,)
    assert_books_agree(connection)


def test_dismissing_needs_a_reason_and_keeps_it_without_contact_points(
    shop: SourceFactory, connection: psycopg.Connection
) -> None:
    shop.drop(D1, "orders.csv", orders_csv({"status": "?"}, {"discount": "-1"}, {"discount": "-2"}))
    ingest(shop.settings, "orders", D1)
    by_reason = Selection(feed="orders", reason="out_of_range")
    with pytest.raises(UserError, match=r"--because is empty"):
        dismiss(shop.settings, by_reason, "  ", "li")
    (outcome,) = dismiss(shop.settings, by_reason, f"asked {EMAIL} at {PHONE}", "li")
    assert (outcome.outcome, outcome.rows) == ("dismissed", 2)
    assert [row[1:4] for row in states(connection)] == [
        ("open", None, None),
        ("dismissed", "dismissed", D1),
        ("dismissed", "dismissed", D1),
    ]
    assert actions(connection)[0] == (3, "dismissed", "li", "asked [e-mail] at [phone]")
    assert dismiss(shop.settings, by_reason, "again", "li") == []
    assert len(actions(connection)) == 2
    assert [case.rows for case in open_cases(shop.settings)] == [1]
    assert sum(case.rows for case in open_cases(shop.settings, closed=True)) == 3
    assert_books_agree(connection)


@pytest.mark.parametrize(
    ("selection", "says"),
    [
        (Selection(), "Say which rows: ids, or --feed"),
        (Selection(ids=(1,), feed="orders"), "Say which rows: ids, or --feed"),
        (Selection(ids=(999,)), "There is no row 999 in quarantine"),
        (Selection(feed="orders"), "--feed orders alone is every open row of it"),
        (Selection(feed="orderz", everything=True), "orderz is not a feed of shop"),
    ],
)
def test_a_wrong_choice_of_rows_is_named(shop: SourceFactory, selection: Selection, says: str) -> None:
    for verb in (lambda: release(shop.settings, selection, "li"), lambda: dismiss(shop.settings, selection, "x", "li")):
        with pytest.raises(UserError, match=says):
            verb()
