"""The record of steps: every end is written down, personal data never."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from huitou.errors import DataQualityError
from huitou.warehouse.steps import step

pytestmark = pytest.mark.integration
NIGHT = date(2026, 3, 8)


def recorded(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute("select business_date, step, outcome, detail from ops.steps order by 1").fetchall()


def test_counts_and_time_are_kept_when_a_step_is_done(connection: psycopg.Connection) -> None:
    with step(connection, NIGHT, "load") as detail:
        connection.execute("select pg_sleep(0.05)")
        detail |= {"rows": 3, "until": NIGHT, "店": "上海"}
    assert recorded(connection) == [(NIGHT, "load", "done", {"rows": 3, "until": "2026-03-08", "店": "上海"})]
    (seconds,) = connection.execute("select seconds from ops.steps").fetchone() or (0,)
    assert 0.05 <= seconds < 30


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (DataQualityError("orders: 3 rows without a key"), "orders: 3 rows without a key"),
        (ValueError("bad phone 13800001111"), "ValueError"),
        (KeyError("li.lei@example.com"), "KeyError"),
    ],
)
def test_only_our_own_words_are_kept_when_a_step_fails(
    connection: psycopg.Connection, error: Exception, kept: str
) -> None:
    def body() -> None:
        with step(connection, NIGHT, "load") as detail:
            detail["rows"] = 3
            raise error

    with pytest.raises(type(error)):
        body()
    assert recorded(connection) == [(NIGHT, "load", "failed", {"rows": 3, "error": kept})]


def test_the_values_of_a_row_are_not_kept_when_the_database_refuses_it(connection: psycopg.Connection) -> None:
    connection.execute("create temporary table people (phone text primary key)")
    with pytest.raises(psycopg.errors.UniqueViolation), step(connection, NIGHT, "load"), connection.transaction():
        connection.execute("insert into people values ('13800001111'), ('13800001111')")
    assert recorded(connection) == [(NIGHT, "load", "failed", {"error": "UniqueViolation"})]


def test_the_first_error_is_raised_when_the_connection_broke(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError), step(connection, NIGHT, "load"):
        connection.execute("select pg_terminate_backend(pg_backend_pid())")
