"""What every test may lean on: a closed network, a clean environment, and a real warehouse on demand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from factories.warehouses import new_warehouse
from huitou.ready import ensure_ready
from huitou.settings import PREFIX, Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

TEMPLATE = "template_warehouse"
MAY_CONNECT = ("integration", "e2e", "battery")
# How long drawing an example takes tells of the machine, which is busy with other tests.
hypothesis_settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("busy")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # An event loop talks to itself over a Unix socket pair; that reaches nobody.
    config.option.allow_unix_socket = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Unit tests open no socket at all; the others reach loopback alone."""
    for item in items:
        if any(item.get_closest_marker(name) for name in MAY_CONNECT):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1"]))
        else:
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A running embedded server of its own, thrown away with all it holds."""
    home = Path(tempfile.mkdtemp(prefix="ht-"))
    home.chmod(0o711)
    embedded = EmbeddedServer(Settings(home=home, db_durable=False))
    embedded.start()
    yield embedded
    embedded.remove()
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """The name of a database with every migration and raw table, to be cloned."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    ensure_ready(Settings(warehouse_dsn=server.url(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def warehouse(server: EmbeddedServer, template: str, tmp_path: Path) -> Iterator[Settings]:
    """Settings with a warehouse of this test's own and an empty home."""
    with new_warehouse(server, "t_test", template, tmp_path) as settings:
        yield settings


@pytest.fixture(scope="module")
def module_warehouse(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The same for all tests of a module."""
    with new_warehouse(server, "t_module", template, tmp_path_factory.mktemp("module")) as settings:
        yield settings


@pytest.fixture
def connection(warehouse: Settings) -> Iterator[psycopg.Connection]:
    """An open connection to ``warehouse``."""
    with connect(warehouse) as opened:
        yield opened
