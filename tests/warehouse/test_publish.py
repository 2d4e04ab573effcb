from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from huitou.errors import PermanentError, UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.publish import newest_publication, publish

pytestmark = pytest.mark.integration
NIGHT, NEXT_NIGHT = date(2026, 6, 29), date(2026, 6, 30)
MARTS = ("value", "zeal")


def candidate(connection: psycopg.Connection, night: str, keys: range = range(1, 6)) -> None:
    """Both marts as a night's build would leave them: every row says which night it is of."""
    for table in MARTS:
        connection.execute(f"drop table if exists candidate.{table} cascade")
        connection.execute(
            f"create table candidate.{table} (customer_key text, part integer, night text not null, "
            "net numeric(18, 2), primary key (customer_key, part))"
        )
        connection.execute(f"comment on table candidate.{table} is 'One row a customer, {night}.'")
        connection.execute(f"comment on column candidate.{table}.net is 'Money.'")
        connection.execute(
            f"insert into candidate.{table} select 'c' || k, 1, %s, case when k > 3 then k end from "
            "generate_series(%s::int, %s::int) as k",
            (night, keys.start, keys.stop - 1),
        )


def held(connection: psycopg.Connection, table: str = "value", schema: str = "marts") -> list[tuple[object, ...]]:
    return connection.execute(f"select customer_key, part, night, net from {schema}.{table} order by 1, 2").fetchall()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def waits_for_a_lock(connection: psycopg.Connection) -> int | None:
    row = connection.execute(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    ).fetchone()
    return row[0] if row else None


def test_marts_equal_candidates_when_rows_are_added_changed_and_deleted(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    first = publish(warehouse, NIGHT, MARTS)
    assert (first.rows, first.changed) == ({"value": 5, "zeal": 5}, {"value": 5, "zeal": 5})
    assert newest_publication(connection) == NIGHT

    connection.execute("delete from candidate.value where customer_key = 'c1'")
    connection.execute("update candidate.value set net = 7 where customer_key = 'c2'")
    connection.execute("update candidate.value set net = null where customer_key = 'c5'")
    connection.execute("insert into candidate.value values ('c9', 2, 'first', 1)")
    second = publish(warehouse, NEXT_NIGHT, MARTS)
    assert (second.rows, second.changed) == ({"value": 5, "zeal": 5}, {"value": 4, "zeal": 0})
    assert held(connection) == held(connection, schema="candidate")
    assert newest_publication(connection) == NEXT_NIGHT


def test_untouched_rows_are_not_written_when_nothing_changed(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    written = "select array_agg(xmin::text || ctid::text order by customer_key) from marts.value"
    before = connection.execute(written).fetchone()
    publish(warehouse, NIGHT, MARTS)
    assert connection.execute(written).fetchone() == before


def test_a_mart_does_not_grow_when_every_row_changes_every_night(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    sizes = "select pg_total_relation_size('marts.value'), pg_total_relation_size('marts.zeal')"
    nights = []
    for night in range(5):
        candidate(connection, f"night {night}", range(1, 5000))
        publish(warehouse, NIGHT, MARTS, {"zeal": ("customer_key",)})
        nights.append(connection.execute(sizes).fetchone())
    compared_whole, compared_by_keys = zip(*nights, strict=True)
    assert compared_whole[-1] < 1.1 * compared_whole[0]
    # Of such a mart a night changes little, so its rows lie close.
    assert compared_by_keys[0] < 0.7 * compared_whole[0]


def test_key_comments_and_not_null_come_along(warehouse: Settings, connection: psycopg.Connection) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    candidate(connection, "second")
    publish(warehouse, NIGHT, MARTS)
    assert connection.execute(
        "select obj_description('marts.value'::regclass), col_description('marts.value'::regclass, 4)"
    ).fetchone() == ("One row a customer, second.", "Money.")
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("insert into marts.value values ('c1', 1, 'second', 1)")
    with pytest.raises(psycopg.errors.NotNullViolation):
        connection.execute("insert into marts.value values ('c8', 1, null, 1)")


@pytest.mark.parametrize(
    "change",
    [
        "alter table candidate.value add column extra integer not null default 4",
        "alter table candidate.value drop column net",
        "alter table candidate.value alter column net type text",
        "alter table candidate.value alter column night drop not null",
        "alter table candidate.value drop constraint value_pkey, add primary key (part, customer_key)",
        "alter table candidate.value drop constraint value_pkey, add primary key (customer_key)",
    ],
)
def test_table_follows_when_the_candidate_changes_shape(
    warehouse: Settings, connection: psycopg.Connection, change: str
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    connection.execute(change)
    connection.execute("update candidate.value set part = part + 1")
    publish(warehouse, NEXT_NIGHT, MARTS)

    def shape(schema: str) -> list[tuple[object, ...]]:
        return connection.execute(
            "select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, k.position from pg_attribute as a "
            "join pg_index as i on i.indrelid = a.attrelid and i.indisprimary "
            "left join unnest(i.indkey::int2[]) with ordinality as k (attnum, position) on k.attnum = a.attnum "
            "where a.attrelid = (%s || '.value')::regclass and a.attnum > 0 and not a.attisdropped order by 1",
            (schema,),
        ).fetchall()

    def rows(schema: str) -> list[tuple[object, ...]]:
        return connection.execute(f"select to_jsonb(t) from {schema}.value as t order by 1").fetchall()

    assert shape("marts") == shape("candidate")
    assert rows("marts") == rows("candidate")


def test_view_of_a_reader_stays_when_the_night_is_published(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    connection.execute("create view public.report as select night, sum(net) as net from marts.value group by night")
    candidate(connection, "second")
    publish(warehouse, NEXT_NIGHT, MARTS)
    assert connection.execute("select night from public.report").fetchall() == [("second",)]


def test_refused_when_a_view_holds_on_to_a_column_that_goes(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    connection.execute("create view public.report as select net from marts.zeal")
    candidate(connection, "second")
    connection.execute("alter table candidate.zeal drop column net")
    with pytest.raises(UserError, match=r"marts\.zeal.*Drop the view"):
        publish(warehouse, NEXT_NIGHT, MARTS)
    assert {row[2] for row in held(connection, "value") + held(connection, "zeal")} == {"first"}
    assert newest_publication(connection) == NIGHT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop table candidate.zeal", r"candidate\.zeal is not there"),
        ("alter table candidate.zeal drop constraint zeal_pkey", r"candidate\.zeal has no primary key"),
    ],
)
def test_nothing_is_published_when_a_candidate_is_not_right(
    warehouse: Settings, connection: psycopg.Connection, change: str, said: str
) -> None:
    candidate(connection, "first")
    connection.execute(change)
    with pytest.raises(PermanentError, match=said):
        publish(warehouse, NIGHT, MARTS)
    assert newest_publication(connection) is None
    assert connection.execute("select to_regclass('marts.value')").fetchone() == (None,)


def test_reader_sees_one_whole_night_when_it_reads_during_publication(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "night 0", range(1, 400))
    publish(warehouse, NIGHT, MARTS)
    seen: set[tuple[str, ...]] = set()
    reads, done = 0, threading.Event()

    def read() -> None:
        nonlocal reads
        with connect(warehouse) as reader:
            while not done.is_set():
                row = reader.execute(
                    "select array_agg(distinct night), count(*) from "
                    "(select night from marts.value union all select night from marts.zeal) as both_marts"
                ).fetchone()
                assert row is not None
                seen.add((*row[0], str(row[1])))
                reads += 1

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 9):
        candidate(connection, f"night {number}", range(1 + number, 400 + 2 * number))
        publish(warehouse, NEXT_NIGHT, MARTS)
    wait_until(lambda: reads > 20)
    done.set()
    reader.join()
    assert seen <= {(f"night {n}", str(2 * (399 + n))) for n in range(9)}
    assert len(seen) > 1


def test_snapshot_keeps_the_old_night_when_it_was_taken_before(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    with connect(warehouse) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with reader.transaction():
            first = held(reader)
            candidate(connection, "second", range(4, 9))
            publish(warehouse, NEXT_NIGHT, MARTS)
            assert held(reader) == first
            assert {row[2] for row in held(reader, "zeal")} == {"first"}
        assert {row[2] for row in held(reader)} == {"second"}


def test_old_night_stays_when_publication_is_killed_in_the_middle(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection, "first")
    publish(warehouse, NIGHT, MARTS)
    candidate(connection, "second", range(3, 9))
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            publish(warehouse, NEXT_NIGHT, MARTS)
        except psycopg.Error as error:
            outcome.append(error)

    with connect(warehouse) as blocker, blocker.transaction():
        # The first mart can be changed, the second cannot: the publication stops half-way.
        blocker.execute("lock table marts.zeal in share mode")
        publisher = threading.Thread(target=run)
        publisher.start()
        wait_until(lambda: waits_for_a_lock(connection) is not None)
        connection.execute("select pg_terminate_backend(%s)", (waits_for_a_lock(connection),))
        publisher.join()
    assert len(outcome) == 1
    assert {row[2] for row in held(connection, "value") + held(connection, "zeal")} == {"first"}
    assert newest_publication(connection) == NIGHT

    publish(warehouse, NEXT_NIGHT, MARTS)
    assert {row[2] for row in held(connection, "value") + held(connection, "zeal")} == {"second"}


def test_second_publication_waits_when_two_run_at_once(warehouse: Settings, connection: psycopg.Connection) -> None:
    candidate(connection, "first")
    errors: list[BaseException] = []

    def run() -> None:
        try:
            publish(warehouse, NIGHT, MARTS)
        except Exception as error:
            errors.append(error)

    publishers = [threading.Thread(target=run) for _ in range(4)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert errors == []
    assert connection.execute("select count(*) from ops.publications").fetchone() == (4,)
    assert held(connection) == held(connection, schema="candidate")
