"""Shops whose records stand in a database of their own: PostgreSQL, MariaDB or SQLite, made for one test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import sqlalchemy as sa
import yaml
from sqlalchemy.pool import NullPool

from factories.feeds import ORDERS, SourceFactory
from huitou.settings import Settings

MARIADB_PROGRAMS = ("mariadbd", "mariadb-install-db")
TIMES = {"postgresql": "timestamptz", "mysql": "datetime(6)", "mariadb": "datetime(6)", "sqlite": "text"}


class ShopSystem(SourceFactory):
    """A set of feeds whose ``orders`` are extracted, and the file of connections that they name."""

    def __init__(self, folder: Path, settings: Settings, **connections: dict[str, str]) -> None:
        super().__init__(folder, settings.model_copy(update={"connections": folder / "connections.yml"}))
        self.connect(**connections)

    def connect(self, **connections: dict[str, str]) -> None:
        path = self.settings.connections
        assert path is not None
        path.write_text(yaml.safe_dump(connections), encoding="utf-8")
        path.chmod(0o600)

    def extracted(self, kind: str, part: dict[str, Any], **changes: Any) -> None:
        """The feed ``orders`` by that connector."""
        body = {
            "feed": "orders",
            "describes": "Orders of a test.",
            "owner": "data",
            "connector": kind,
            kind: part,
            "columns": {column: {"from": column} for column in ORDERS},
        }
        (self.folder / "orders.yml").write_text(yaml.safe_dump(body | changes, allow_unicode=True), encoding="utf-8")


class ShopDatabase:
    """The table ``orders`` in a database, reached by ``dsn``."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        clock = {"options": "-c timezone=Asia/Shanghai"} if dsn.startswith("postgresql") else {}
        self.engine = sa.create_engine(dsn, poolclass=NullPool, connect_args=clock)
        self.execute(
            "create table orders (order_id varchar(20) primary key, customer_id varchar(20), ordered_at varchar(30),"
            f" status varchar(20), currency varchar(3), discount decimal(12, 4), updated_at {TIMES[self.kind]},"
            " day_of date, number_of integer, note text)"
        )

    @property
    def kind(self) -> str:
        return self.engine.dialect.name

    def execute(self, statement: str, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement), values)

    def order(self, order_id: str, updated_at: str | None, **changes: Any) -> None:
        """Write an order, new or in the place of its older self."""
        row = {
            "order_id": order_id,
            "customer_id": f"u-{order_id}",
            "ordered_at": "2026-11-18 10:00:00",
            "status": "paid",
            "currency": "CNY",
            "discount": "0",
            "updated_at": updated_at,
            "day_of": (updated_at or "2026-11-18")[:10],
            "number_of": None,
            "note": None,
        } | changes
        self.execute("delete from orders where order_id = :order_id", order_id=order_id)
        names = ", ".join(row)
        self.execute(f"insert into orders ({names}) values ({', '.join(f':{name}' for name in row)})", **row)


def rows_of(path: Path) -> list[dict[str, str | None]]:
    """What a landed extraction holds."""
    rows: list[dict[str, str | None]] = pq.read_table(path).to_pylist()
    return rows


def mariadb_missing() -> str:
    """Why MariaDB cannot be tried here; empty where it can."""
    missing = [name for name in MARIADB_PROGRAMS if shutil.which(name) is None]
    return f"no MariaDB server on this machine: {', '.join(missing)} not found" if missing else ""


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """A MariaDB server of its own on loopback; gives the DSN of its database ``shop``."""
    data, log, port = folder / "data", folder / "server.log", _free_port()
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal",
         "--skip-test-db", "--user=root"],
        check=True, capture_output=True,
    )  # fmt: skip
    with log.open("wb") as output:
        server = subprocess.Popen(
            ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={folder / 's'}", f"--port={port}",
             "--bind-address=127.0.0.1", "--user=root", "--innodb-flush-log-at-trx-commit=0",
             "--innodb-buffer-pool-size=32M", f"--pid-file={folder / 'pid'}"],
            stdout=output, stderr=output,
        )  # fmt: skip
        try:
            root = f"mysql+pymysql://root@127.0.0.1:{port}"
            _wait_for(f"{root}/mysql", server, log)
            admin = sa.create_engine(f"{root}/mysql", poolclass=NullPool)
            with admin.begin() as connection:
                connection.execute(sa.text("create database shop character set utf8mb4"))
                connection.execute(sa.text("create user reader@'127.0.0.1' identified by 'open-sesame'"))
                connection.execute(sa.text("grant all on shop.* to reader@'127.0.0.1'"))
            yield f"mysql+pymysql://reader:open-sesame@127.0.0.1:{port}/shop"
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(dsn: str, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = sa.create_engine(dsn, poolclass=NullPool)
    for _ in range(300):
        try:
            engine.connect().close()
            return
        except sa.exc.OperationalError:
            assert server.poll() is None, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-2000:])
