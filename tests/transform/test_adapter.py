"""What is mended in dbt-postgres: connections that stay, sessions as new, flags that do not pile up."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from dbt.adapters.base.impl import DEFAULT_BASE_BEHAVIOR_FLAGS
from dbt.adapters.postgres import PostgresCredentials
from psycopg import conninfo

from factories.raw_world import LAST_DAY
from huitou.settings import Settings
from huitou.transform.adapter import KeptConnections
from huitou.transform.dbt import run
from huitou.warehouse.connection import url

MODELS = [
    "build",
    "--exclude-resource-type",
    "test",
    "--exclude-resource-type",
    "unit_test",
    "--select",
    "+path:models/staging",
]

pytestmark = pytest.mark.integration


@pytest.fixture
def connections(warehouse: Settings) -> Iterator[KeptConnections]:
    parts = conninfo.conninfo_to_dict(url(warehouse))
    credentials = PostgresCredentials(
        host=str(parts["host"]),
        port=int(parts["port"] or 0),
        user=str(parts["user"]),
        password=str(parts["password"]),
        database=str(parts["dbname"]),
        schema="staging",
    )
    profile: Any = SimpleNamespace(credentials=credentials, query_comment=SimpleNamespace(comment="", append=False))
    kept = KeptConnections(profile, get_context("spawn"))
    yield kept
    kept.cleanup_all()


def asked(connections: KeptConnections, node: str, *statements: str) -> str:
    """What the last statement says, run as one node runs."""
    connections.set_connection_name(node)
    try:
        for statement in statements:
            _, cursor = connections.add_query(statement, auto_begin=True)
        return str(cursor.fetchone()[0]) if cursor.description else ""
    finally:
        connections.release()


WHO = "select pg_backend_pid()"


def test_next_node_has_the_same_connection_when_one_is_done(connections: KeptConnections) -> None:
    assert asked(connections, "first", WHO) == asked(connections, "second", WHO)


@pytest.mark.parametrize(
    ("left_behind", "seen", "as_new"),
    [
        ("create temp table kept_rows (n int)", "select to_regclass('pg_temp.kept_rows')", "None"),
        ("create temp table kept_rows (n int); commit", "select to_regclass('pg_temp.kept_rows')", "None"),
        ("set statement_timeout = 77; commit", "show statement_timeout", "0"),
        ("create table staging.half (n int)", "select to_regclass('staging.half')", "None"),
        ("select pg_advisory_lock(7); commit", "select count(*) from pg_locks where locktype = 'advisory'", "0"),
    ],
)
def test_session_is_as_new_when_a_node_left_something_behind(
    connections: KeptConnections, left_behind: str, seen: str, as_new: str
) -> None:
    asked(connections, "first", left_behind)
    assert asked(connections, "second", seen) == as_new


def test_session_is_as_new_when_a_node_failed(connections: KeptConnections) -> None:
    who = asked(connections, "first", WHO)
    with pytest.raises(Exception, match="nowhere"):
        asked(connections, "second", "select * from nowhere")
    assert asked(connections, "third", WHO) == who


def test_next_node_has_another_connection_when_the_server_ended_it(
    connections: KeptConnections, connection: psycopg.Connection
) -> None:
    who = asked(connections, "first", WHO)
    connection.execute("select pg_terminate_backend(%s, 10000)", (int(who),))
    with pytest.raises(Exception, match=r"terminating connection|closed the connection"):
        asked(connections, "second", WHO)
    assert asked(connections, "third", WHO) not in {who, ""}


def test_run_opens_a_few_connections_for_many_nodes_and_leaves_none(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    def sessions() -> int:
        connection.execute("select pg_stat_clear_snapshot()")
        row = connection.execute("select sessions from pg_stat_database where datname = current_database()").fetchone()
        return int(row[0]) if row else 0

    before = sessions()
    done = run(warehouse, LAST_DAY, MODELS)
    assert 0 < sessions() - before < done.models / 2
    left = "select count(*) from pg_stat_activity where application_name = 'huitou-dbt'"
    assert connection.execute(left).fetchone() == (0,)


def test_flags_do_not_pile_up_when_dbt_runs_again_and_again(warehouse: Settings) -> None:
    counts = []
    for _ in range(3):
        run(warehouse, LAST_DAY, ("seed", "--select", "rfm_settings"))
        counts.append(len(DEFAULT_BASE_BEHAVIOR_FLAGS))
    assert counts[0] == counts[1] == counts[2]
