"""The one call before each step: it makes all that is missing, and costs nothing when nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from huitou import ready
from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.sources.contract import contracts
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Settings]:
    """Settings of a database with nothing in it."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("create database empty_for_ready")
        yield Settings(warehouse_dsn=server.url("empty_for_ready"))
        admin.execute("drop database empty_for_ready with (force)")


def test_an_empty_database_is_usable_afterwards_even_when_four_come_at_once(empty: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure_ready, [empty] * 4))
    with connect(empty) as connection:
        rows = connection.execute("select schemaname, tablename from pg_tables").fetchall()
        assert {(c.room, c.feed) for c in contracts().values()} <= set(rows)
        assert connection.execute("select * from vault.refused_as_of('2026-01-01')").fetchall() == []


def test_a_stopped_embedded_server_is_started(server: EmbeddedServer) -> None:
    settings = Settings(home=server.status().data.parents[1], db_durable=False)
    server.stop()
    ensure_ready(settings)
    assert server.status().running
    with connect(settings) as connection:
        assert connection.execute("select count(*) from raw.orders").fetchone() == (0,)


def test_a_shape_that_changed_is_applied_and_one_that_did_not_is_not(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: list[object] = []
    monkeypatch.setattr(ready, "ensure_raw_tables", applied.append)
    ensure_ready(warehouse)
    assert applied == []
    monkeypatch.setattr(ready, "fingerprint", lambda: "another")
    ensure_ready(warehouse)
    ensure_ready(warehouse)
    assert len(applied) == 1


def test_the_call_costs_milliseconds_when_all_is_current(warehouse: Settings) -> None:
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        ensure_ready(warehouse)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.03
