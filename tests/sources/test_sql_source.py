"""Extraction from a shop's database, on every server that can be had: nothing lost, exact to the digit, repeatable."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from factories.extraction import ShopDatabase, ShopSystem, mariadb, mariadb_missing, rows_of
from huitou.errors import HuitouError, TransientError, UserError
from huitou.settings import Settings
from huitou.sources import sql_source
from huitou.sources.connectors import connector
from huitou.sources.feeds import load_source_set
from huitou.sources.files import LandedFile
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration

D1, D2, D3 = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
BY_CURSOR = {"connection": "shop_db", "table": "orders", "cursor": "updated_at"}
IGNORED = {"ignore": ["day_of", "number_of"]}


@pytest.fixture(scope="session")
def mariadb_dsn() -> Iterator[str]:
    if mariadb_missing():
        pytest.skip(mariadb_missing())
    pytest.importorskip("pymysql", reason="the driver of MariaDB is not installed: it is the extra mysql")
    folder = Path(tempfile.mkdtemp(prefix="ht-my-"))
    with mariadb(folder) as dsn:
        yield dsn
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_dsn(server: EmbeddedServer) -> str:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("create database a_shop")
    return server.url("a_shop").replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ShopDatabase]:
    if request.param == "sqlite":
        dsn = f"sqlite:///{tmp_path / 'shop.db'}"
    else:
        dsn = request.getfixturevalue(f"{request.param}_dsn")
    shop = ShopDatabase(dsn)
    yield shop
    shop.execute("drop table orders")


@pytest.fixture
def postgres(postgres_dsn: str) -> Iterator[ShopDatabase]:
    shop = ShopDatabase(postgres_dsn)
    yield shop
    shop.execute("drop table orders")


@pytest.fixture
def reading(server: EmbeddedServer, template: str, tmp_path: Path) -> Settings:
    """Settings for a test that extracts and commits nothing: they may all share one warehouse."""
    return Settings(home=tmp_path, warehouse_dsn=server.url(template))


def shop_of(database: ShopDatabase, tmp_path: Path, warehouse: Settings, **part: Any) -> ShopSystem:
    folder = tmp_path / "system"
    folder.mkdir()
    shop = ShopSystem(folder, warehouse, shop_db={"dsn": database.dsn})
    shop.extracted("sql", BY_CURSOR | part, **IGNORED)
    return shop


def loaded(shop: ShopSystem) -> dict[str, str]:
    """Order id to the night by which the platform knew its newest version."""
    with connect(shop.settings) as connection:
        return dict(
            connection.execute(
                "select distinct on (order_id) order_id, _business_date::text from raw.orders"
                " order by order_id, _version desc"
            ).fetchall()
        )


def manifest(shop: ShopSystem) -> list[tuple[Any, ...]]:
    with connect(shop.settings) as connection:
        return connection.execute(
            "select business_date, low, high, seen from landing.extracts order by file_id"
        ).fetchall()


def landed(shop: ShopSystem, night: date) -> LandedFile:
    """The extraction of a night that ends before anything is committed."""
    source_set = load_source_set(shop.settings)
    feed = source_set.feed("orders")
    source = connector(feed)
    (file,) = source.find(shop.settings, source_set, feed, night)
    return source.land(shop.settings, source_set, feed, file, shop.settings.home / "tried")


def test_a_night_holds_the_rows_up_to_its_end_on_the_shops_clock(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    database.order("long-ago", "2020-01-01 00:00:00")
    database.order("last-moment", "2026-11-18 23:59:59.999999")
    database.order("midnight", "2026-11-19 00:00:00")
    shop = shop_of(database, tmp_path, warehouse)
    first = ingest(shop.settings, "orders", D1)
    assert (first.seen, first.loaded) == (2, 2)
    second = ingest(shop.settings, "orders", D2)
    assert (second.loaded, second.quarantined) == (1, 0)
    assert loaded(shop) == {"long-ago": "2026-11-18", "last-moment": "2026-11-18", "midnight": "2026-11-19"}


def test_every_value_is_landed_to_the_digit(database: ShopDatabase, tmp_path: Path, reading: Settings) -> None:
    hostile = 'He said "钱, 多少?"\r\n第二行 🎁 \\N \\. %s :cursor'
    exact = "12345678.1200" if database.kind != "sqlite" else "12345678.12"
    database.order("a", "2026-11-18 09:30:15.123456", note=hostile, discount=exact, number_of=-7)
    database.order("b", "2026-11-18 09:30:16", note="", discount=exact)
    database.order("c", "2026-11-18 09:30:17", note=None, discount=exact)
    shop = shop_of(database, tmp_path, reading)
    shop.extracted("sql", BY_CURSOR)
    rows = rows_of(landed(shop, D1).path)
    assert [row["note"] for row in rows] == [hostile, "", None]
    assert {row["discount"] for row in rows} == {exact}
    assert (rows[0]["number_of"], rows[1]["number_of"], rows[0]["day_of"]) == ("-7", None, "2026-11-18")
    assert re.sub(r"\+08(:00)?$", "", rows[0]["updated_at"] or "") == "2026-11-18 09:30:15.123456"


def test_the_next_night_begins_at_the_last_row_that_was_seen(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    database.order("a", "2026-11-18 10:00:00.500000")
    shop = shop_of(database, tmp_path, warehouse, look_back="0s")
    ingest(shop.settings, "orders", D1)
    # The second order of that very moment was committed after the night had read the table.
    database.order("twin", "2026-11-18 10:00:00.500000")
    database.order("a", "2026-11-19 10:00:00", status="shipped")
    ingest(shop.settings, "orders", D2)
    assert loaded(shop) == {"a": "2026-11-19", "twin": "2026-11-19"}
    assert [row[1:] for row in manifest(shop)] == [
        (None, "2026-11-18T16:00:00+00:00", "2026-11-18T02:00:00.500000+00:00"),
        ("2026-11-18T02:00:00.500000+00:00", "2026-11-19T16:00:00+00:00", "2026-11-19T02:00:00+00:00"),
    ]


def test_another_driver_lands_the_same_values(postgres: ShopDatabase, tmp_path: Path, reading: Settings) -> None:
    postgres.order("a", "2026-11-18 09:30:15.25", note="x", discount="0.1000", number_of=1)
    postgres.order("b", "2026-11-18 09:30:16", note="")
    shop = shop_of(postgres, tmp_path, reading)
    copied = rows_of(landed(shop, D1).path)
    shop.connect(shop_db={"dsn": postgres.dsn.replace("+psycopg:", "+psycopg2:")})
    fetched = rows_of(landed(shop, D1).path)
    assert copied[0].pop("updated_at") == "2026-11-18 09:30:15.25+08"
    assert fetched[0].pop("updated_at") == "2026-11-18 09:30:15.250000+08:00"
    assert (copied[1].pop("updated_at") or "") + ":00" == fetched[1].pop("updated_at")
    assert copied == fetched


@pytest.mark.parametrize(("look_back", "taken"), [("2h", True), ("10m", False)])
def test_a_row_committed_late_is_taken_within_the_look_back(
    postgres: ShopDatabase, tmp_path: Path, warehouse: Settings, look_back: str, taken: bool
) -> None:
    postgres.order("a", "2026-11-18 10:00:00+08")
    shop = shop_of(postgres, tmp_path, warehouse, look_back=look_back)
    ingest(shop.settings, "orders", D1)
    postgres.order("late", "2026-11-18 09:00:00+08")
    ingest(shop.settings, "orders", D2)
    assert ("late" in loaded(shop)) is taken


def test_a_night_run_again_has_the_same_window_and_the_same_bytes(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    for number in range(40):
        database.order(f"o{number}", "2026-11-18 10:00:00")
    shop = shop_of(database, tmp_path, warehouse, batch=7)
    ingest(shop.settings, "orders", D1)
    once = manifest(shop)
    ingest(shop.settings, "orders", D2)
    again = ingest(shop.settings, "orders", D1)
    assert (again.seen, again.loaded) == (40, 40)
    assert manifest(shop)[:1] == once
    assert landed(shop, D1).sha256 == landed(shop, D1).sha256
    database.order("o7", "2026-11-18 10:00:00", status="cancelled")
    assert ingest(shop.settings, "orders", D1).files == 2


def test_nothing_is_lost_when_a_night_dies_before_it_commits(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    database.order("a", "2026-11-18 10:00:00")
    shop = shop_of(database, tmp_path, warehouse)
    ingest(shop.settings, "orders", D1)
    database.order("b", "2026-11-19 10:00:00")
    died = landed(shop, D2)
    assert manifest(shop)[-1][0] == D1
    database.order("c", "2026-11-19 11:00:00")
    result = ingest(shop.settings, "orders", D2)
    assert (result.loaded, result.duplicate) == (2, 1)
    assert set(loaded(shop)) == {"a", "b", "c"}
    assert died.origin.name == "orders-2026-11-19.parquet"


def test_what_a_killed_extraction_left_is_written_over(
    database: ShopDatabase, tmp_path: Path, reading: Settings
) -> None:
    database.order("a", "2026-11-18 10:00:00")
    shop = shop_of(database, tmp_path, reading)
    whole = landed(shop, D1)
    left = whole.path.parent / f".{whole.origin.name}.part"
    left.write_bytes(b"PAR1" * 10_000)
    assert landed(shop, D1).sha256 == whole.sha256
    assert list(whole.path.parent.iterdir()) == [whole.path]


def test_a_missed_night_is_caught_up_and_an_empty_one_keeps_the_watermark(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    database.order("a", "2026-11-16 10:00:00")
    shop = shop_of(database, tmp_path, warehouse)
    ingest(shop.settings, "orders", date(2026, 11, 16))
    database.execute("delete from orders")
    assert ingest(shop.settings, "orders", date(2026, 11, 17)).seen == 0
    database.order("b", "2026-11-18 10:00:00")
    database.order("c", "2026-11-20 10:00:00")
    assert ingest(shop.settings, "orders", D3).loaded == 2
    assert manifest(shop)[-1][1] == "2026-11-16T02:00:00+00:00"


def test_a_row_without_a_cursor_comes_every_night(database: ShopDatabase, tmp_path: Path, warehouse: Settings) -> None:
    shop = shop_of(database, tmp_path, warehouse)
    database.order("a", "2026-11-18 10:00:00")
    assert len(rows_of(landed(shop, D1).path)) == 1
    ingest(shop.settings, "orders", D1)
    database.order("lost", None)
    assert {row["order_id"] for row in rows_of(landed(shop, D2).path)} == {"a", "lost"}
    assert {row["order_id"] for row in rows_of(landed(shop, D3).path)} == {"a", "lost"}


def test_times_of_another_clock_are_cut_at_the_shops_midnight(
    database: ShopDatabase, tmp_path: Path, reading: Settings
) -> None:
    offset = "+00" if database.kind == "postgresql" else ""
    database.order("in", f"2026-11-18 15:59:59{offset}")
    database.order("out", f"2026-11-18 16:00:00{offset}")
    shop = shop_of(database, tmp_path, reading, time_zone="UTC")
    (row,) = rows_of(landed(shop, D1).path)
    assert row["order_id"] == "in"
    assert (row["updated_at"] or "").startswith("2026-11-18 15:59:59")


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        pytest.param({"cursor": "day_of", "cursor_type": "date"}, {"a", "b"}, id="date"),
        pytest.param({"cursor": "day_of", "cursor_type": "date", "start": "2026-11-18"}, {"b"}, id="date from a start"),
        pytest.param({"cursor": "number_of", "cursor_type": "integer", "start": 20}, {"b", "c"}, id="integer"),
        pytest.param({"cursor": "order_id", "cursor_type": "text", "start": "b"}, {"b", "c"}, id="text"),
        pytest.param({"cursor": None}, {"a", "b", "c"}, id="whole table"),
        pytest.param(
            {"table": None, "query": "select o.* from orders as o where day_of = :business_date;", "cursor": None},
            {"b"},
            id="query of the day",
        ),
        pytest.param(
            {"table": None, "query": "select * from orders where updated_at >= :day_start and updated_at < :day_end"},
            {"b"},
            id="query of the day's instants, and a cursor",
        ),
        pytest.param(
            {
                "table": None,
                "query": "select * from orders where updated_at > :cursor and note is null",
                "start": "2026-11-18 00:00:00",
            },
            {"b", "c"},
            id="query with the cursor in it",
        ),
    ],
)
def test_a_window_is_cut_by_what_the_feed_file_says(
    database: ShopDatabase, tmp_path: Path, reading: Settings, part: dict[str, Any], wanted: set[str]
) -> None:
    database.order("a", "2026-11-17 10:00:00", number_of=10)
    database.order("b", "2026-11-18 10:00:00", number_of=20)
    database.order("c", "2026-11-19 10:00:00", number_of=30)
    shop = shop_of(database, tmp_path, reading)
    body = {key: value for key, value in (BY_CURSOR | part).items() if value is not None}
    shop.extracted("sql", body)
    assert {row["order_id"] for row in rows_of(landed(shop, D1).path)} == wanted


def test_an_integer_cursor_ends_the_second_run_of_a_night_where_the_first_ended(
    database: ShopDatabase, tmp_path: Path, warehouse: Settings
) -> None:
    shop = shop_of(database, tmp_path, warehouse, cursor="number_of", cursor_type="integer")
    database.order("a", "2026-11-18 10:00:00", number_of=1)
    ingest(shop.settings, "orders", D1)
    database.order("b", "2026-11-19 10:00:00", number_of=2)
    assert {row["order_id"] for row in rows_of(landed(shop, D1).path)} == {"a"}
    ingest(shop.settings, "orders", D2)
    assert manifest(shop)[-1][1:] == ("1", None, "2")
    assert loaded(shop) == {"a": "2026-11-18", "b": "2026-11-19"}


def test_columns_that_are_not_wanted_never_leave_the_source(
    database: ShopDatabase, tmp_path: Path, reading: Settings
) -> None:
    database.order("a", "2026-11-18 10:00:00", note="call 13800138000")
    shop = shop_of(database, tmp_path, reading)
    shop.extracted("sql", BY_CURSOR, ignore=["note"])
    path = landed(shop, D1).path
    assert "note" not in rows_of(path)[0]
    assert path.stat().st_mode & 0o077 == 0


def test_the_session_cannot_write(database: ShopDatabase, tmp_path: Path, reading: Settings) -> None:
    shop = shop_of(database, tmp_path, reading)
    source_set = load_source_set(shop.settings)
    feed, zone = source_set.feed("orders"), source_set.zone
    with (
        pytest.raises(HuitouError, match="connection shop_db refuses"),
        sql_source._opened(shop.settings, feed, zone) as connection,
    ):
        connection.execute(sa.text("delete from orders"))


@pytest.mark.parametrize(
    ("part", "says"),
    [
        pytest.param({"table": "orderz"}, "sql.table: orderz does not exist in shop_db", id="table"),
        pytest.param({"cursor": "updated"}, r"has no column updated. Did you mean updated_at\?", id="cursor"),
        pytest.param({"table": None, "query": "select order_idd from orders"}, "refuses: .*order_idd", id="column"),
        pytest.param({"table": None, "query": "selec from"}, "refuses: .*syntax", id="syntax"),
        pytest.param({"connection": "shop_dbb"}, r"no connection shop_dbb. Did you mean shop_db\?", id="connection"),
    ],
)
def test_a_mistake_is_named(
    database: ShopDatabase, tmp_path: Path, reading: Settings, part: dict[str, Any], says: str
) -> None:
    shop = shop_of(database, tmp_path, reading)
    shop.extracted("sql", {key: value for key, value in (BY_CURSOR | part).items() if value is not None})
    with pytest.raises(UserError, match=says):
        landed(shop, D1)


@pytest.mark.parametrize(
    ("dsn", "kind", "says"),
    [
        pytest.param("postgresql+psycopg://u:hunter2@127.0.0.1:1/x", TransientError, "not to be had now", id="down"),
        pytest.param("mysql+pymysql://u:hunter2@127.0.0.1:1/x", TransientError, "not to be had now", id="mysql down"),
        pytest.param("sqlite:////nowhere/at/all.db", UserError, "unable to open database file", id="file"),
        pytest.param("hunter2", UserError, "not an SQLAlchemy URL", id="no URL"),
        pytest.param("nosuch://u:hunter2@h/x", UserError, "no driver for the DSN", id="no dialect"),
        pytest.param("oracle+oracledb://u:hunter2@h/x", UserError, "no driver for the DSN", id="no driver"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_secret(
    tmp_path: Path, reading: Settings, dsn: str, kind: type[Exception], says: str
) -> None:
    folder = tmp_path / "system"
    folder.mkdir()
    shop = ShopSystem(folder, reading, shop_db={"dsn": dsn})
    shop.extracted("sql", BY_CURSOR)
    with pytest.raises(kind, match=says) as caught:
        landed(shop, D1)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("server_of", ["postgres_dsn", "mariadb_dsn"])
def test_a_wrong_password_is_for_a_person_to_mend(
    request: pytest.FixtureRequest, tmp_path: Path, reading: Settings, server_of: str
) -> None:
    url = sa.make_url(request.getfixturevalue(server_of))
    folder = tmp_path / "system"
    folder.mkdir()
    shop = ShopSystem(folder, reading)
    shop.extracted("sql", BY_CURSOR)
    shop.connect(shop_db={"dsn": url.set(password="hunter2").render_as_string(hide_password=False)})
    with pytest.raises(UserError, match=r"refuses: .*(authentication failed|Access denied)") as caught:
        landed(shop, D1)
    assert "hunter2" not in str(caught.value)


def test_a_column_that_comes_twice_is_named(postgres: ShopDatabase, tmp_path: Path, reading: Settings) -> None:
    shop = shop_of(postgres, tmp_path, reading)
    shop.extracted("sql", {"connection": "shop_db", "query": "select *, status as note from orders"})
    with pytest.raises(UserError, match="gives column 'note' twice"):
        landed(shop, D1)


def test_a_value_at_fault_is_not_repeated(postgres: ShopDatabase, tmp_path: Path, reading: Settings) -> None:
    postgres.order("13800138000", "2026-11-18 10:00:00")
    shop = shop_of(postgres, tmp_path, reading)
    shop.extracted("sql", {"connection": "shop_db", "query": "select *, order_id::date as d from orders"})
    with pytest.raises(UserError, match=r"2200[78]") as caught:
        landed(shop, D1)
    assert "13800138000" not in str(caught.value)


def test_a_zone_with_summer_time_is_refused_when_the_server_does_not_know_it(
    mariadb_dsn: str, tmp_path: Path, reading: Settings
) -> None:
    database = ShopDatabase(mariadb_dsn)
    shop = shop_of(database, tmp_path, reading, time_zone="Europe/Paris")
    try:
        with pytest.raises(UserError, match=r"does not know the time zone Europe/Paris.*sql.time_zone: UTC"):
            landed(shop, D1)
    finally:
        database.execute("drop table orders")
