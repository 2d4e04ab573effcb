"""Ways into the warehouse, and what a person reads when there is none."""

from __future__ import annotations

import socket
from urllib.parse import unquote

import psycopg
import pytest
import sqlalchemy
from psycopg import conninfo

from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.warehouse import connection as connection_module
from huitou.warehouse.connection import connect, sqlalchemy_url, url
from huitou.warehouse.embedded import EmbeddedServer

SECRET = "p@ss/w:rd%?"
QUOTED = "p%40ss%2Fw%3Ard%25%3F"


def with_dsn(dsn: str) -> Settings:
    return Settings(warehouse_dsn=dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://huitou:{QUOTED}@db.example:6543/shop",
        f"postgres://huitou:{QUOTED}@db.example:6543/shop",
        f"host=db.example port=6543 dbname=shop user=huitou password='{SECRET}'",
        f"postgresql://huitou:{QUOTED}@db.example:6543/shop?sslmode=require&application_name=a%20b",
        f"postgresql://huitou:{QUOTED}@[::1]:6543/shop",
        f"postgresql://huitou:{QUOTED}@/shop?host=/run/postgresql&port=6543",
        f"postgresql://huitou:{QUOTED}@a:6543,b:6544/shop",
        "postgresql://db.example/shop",
    ],
)
def test_the_address_means_the_same_when_it_was_rewritten(dsn: str) -> None:
    rewritten = url(with_dsn(dsn))
    assert rewritten.startswith("postgresql://")
    assert conninfo.conninfo_to_dict(rewritten) == conninfo.conninfo_to_dict(dsn)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://hui%20tou:{QUOTED}@db.example:6543/shop",
        f"postgresql://hui%20tou:{QUOTED}@db.example:6543/shop?sslmode=require",
        f"postgresql://hui%20tou:{QUOTED}@/shop?host=/run/postgresql&port=6543",
    ],
)
def test_sqlalchemy_opens_the_same_address(dsn: str) -> None:
    engine_url = sqlalchemy.make_url(sqlalchemy_url(with_dsn(dsn)))
    dialect = engine_url.get_dialect()
    _, arguments = dialect().create_connect_args(engine_url)
    wanted = conninfo.conninfo_to_dict(dsn)
    assert engine_url.drivername == "postgresql+psycopg2"
    assert {name: str(value) for name, value in arguments.items()} == {n: str(v) for n, v in wanted.items()}


@pytest.mark.parametrize("dsn", ["mysql://root:hunter2@db/shop", "postgresql://u:hunter2%zz@db/shop", "hunter2"])
def test_a_malformed_address_names_the_setting_and_not_the_password(dsn: str) -> None:
    with pytest.raises(UserError, match="HUITOU_WAREHOUSE_DSN is not a PostgreSQL URL") as caught:
        connect(with_dsn(dsn))
    assert "hunter2" not in str(caught.value)


@pytest.mark.integration
def test_a_connection_is_in_utc_and_commits_each_statement(connection: psycopg.Connection) -> None:
    assert connection.autocommit
    row = connection.execute(
        "select current_setting('timezone'), current_setting('application_name'), "
        "timestamptz '2026-11-22 08:00+08' :: text"
    ).fetchone()
    assert row == ("UTC", "huitou", "2026-11-22 00:00:00+00")


@pytest.mark.integration
def test_options_of_the_address_are_kept_beside_ours(warehouse: Settings) -> None:
    assert warehouse.warehouse_dsn is not None
    dsn = warehouse.warehouse_dsn.get_secret_value() + "?options=-c%20work_mem%3D7MB"
    with connect(with_dsn(dsn)) as opened:
        row = opened.execute("select current_setting('work_mem'), current_setting('timezone')").fetchone()
    assert row == ("7MB", "UTC")


@pytest.mark.integration
def test_the_warehouse_follows_the_setting_and_airflow_stays_embedded(
    server: EmbeddedServer, warehouse: Settings
) -> None:
    embedded = Settings(home=server.status().data.parents[1])
    assert url(embedded) == server.url("warehouse")
    moved = embedded.model_copy(update={"warehouse_dsn": warehouse.warehouse_dsn})
    assert url(moved) != server.url("warehouse")
    assert url(moved, "airflow") == server.url("airflow")
    with sqlalchemy.create_engine(sqlalchemy_url(moved, "airflow")).connect() as opened:
        assert opened.exec_driver_sql("select current_database()").scalar() == "airflow"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("part", "wrong", "says"),
    [
        ("password", SECRET, "password authentication failed for user"),
        ("dbname", "no_such_database", 'database "no_such_database" does not exist'),
        ("user", "stranger", 'password authentication failed for user "stranger"'),
        ("host", "no-such-host.invalid", "no-such-host.invalid"),
    ],
)
def test_a_refused_connection_says_what_to_mend(warehouse: Settings, part: str, wrong: str, says: str) -> None:
    right = conninfo.conninfo_to_dict(url(warehouse))
    settings = with_dsn(conninfo.make_conninfo(**{**right, part: wrong}))
    with pytest.raises(UserError, match="refuses the connection") as caught:
        connect(settings)
    message = str(caught.value)
    assert says in message
    assert "Check HUITOU_WAREHOUSE_DSN" in message
    assert "\n" not in message
    for secret in (str(right["password"]), SECRET):
        assert secret not in unquote(message)


@pytest.mark.integration
def test_a_silent_server_may_be_tried_again(unused_port: int) -> None:
    with pytest.raises(TransientError, match=f"127.0.0.1:{unused_port}/shop does not answer.*refused") as caught:
        connect(with_dsn(f"postgresql://huitou:{QUOTED}@127.0.0.1:{unused_port}/shop"))
    assert SECRET not in str(caught.value)


@pytest.mark.integration
def test_an_old_server_is_refused_and_the_connection_closed(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "OLDEST_SERVER", 990000)
    with pytest.raises(UserError, match=r"runs PostgreSQL 1\d.* needs 16 or newer"):
        connect(warehouse)


def test_a_stopped_embedded_server_says_how_to_start_it(tmp_path: object) -> None:
    with pytest.raises(UserError, match="huitou db start"):
        connect(Settings.model_validate({"home": tmp_path}))


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
