from __future__ import annotations

from datetime import date

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from huitou.errors import PermanentError, UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.publish import publish

pytestmark = pytest.mark.integration
NIGHT = date(2026, 6, 29)
PUBLISHED = ("base_totals", "base_scored", "value")
SCORED = "select customer_key, net, net * 2 as worth from candidate.base_totals"
VALUE = "select customer_key, net, worth from candidate.base_scored where net > 0"


def candidate(connection: psycopg.Connection, net: int = 5, scored: str = SCORED, value: str = VALUE) -> None:
    """A table, a view of it, and a mart that is a view of that view."""
    connection.execute("drop table if exists candidate.base_totals cascade")
    connection.execute("create table candidate.base_totals (customer_key text primary key, net integer)")
    connection.execute("insert into candidate.base_totals values ('c1', %s), ('c2', -1)", (net,))
    connection.execute(f"create view candidate.base_scored as {scored}".encode())
    connection.execute(f"create view candidate.value as {value}".encode())
    connection.execute("comment on view candidate.value is 'One row a customer.'")
    connection.execute("comment on column candidate.value.customer_key is 'The person.'")


def held(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute("select * from marts.value order by 1").fetchall()


def test_view_shows_what_was_published_and_not_what_was_built_since(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection)
    published = publish(warehouse, NIGHT, PUBLISHED)
    assert published.rows == {"base_totals": 2, "base_scored": 2, "value": 1}
    assert published.changed == {"base_totals": 2, "base_scored": 0, "value": 0}
    candidate(connection, net=7)
    assert held(connection) == [("c1", 5, 10)]
    publish(warehouse, NIGHT, PUBLISHED)
    assert held(connection) == [("c1", 7, 14)]


def test_comments_come_along(warehouse: Settings, connection: psycopg.Connection) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    assert connection.execute(
        "select obj_description('marts.value'::regclass), col_description('marts.value'::regclass, 1)"
    ).fetchone() == ("One row a customer.", "The person.")


def test_reader_reads_it_and_nothing_behind_it(warehouse: Settings, connection: psycopg.Connection) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    with connect(warehouse) as reader:
        reader.execute("set role bi_reader")
        assert held(reader) == [("c1", 5, 10)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("select * from candidate.value")


def test_nothing_is_locked_when_the_view_is_what_it_was(warehouse: Settings, connection: psycopg.Connection) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    candidate(connection, net=7)
    assert warehouse.warehouse_dsn
    dsn = make_conninfo(warehouse.warehouse_dsn.get_secret_value(), options="-c lock_timeout=2s")
    impatient = warehouse.model_copy(update={"warehouse_dsn": SecretStr(dsn)})
    with connect(warehouse) as reader, reader.transaction():
        assert held(reader) == [("c1", 5, 10)]
        # A view that is replaced would wait for this reader, and every later reader for it.
        publish(impatient, NIGHT, PUBLISHED)
    assert held(connection) == [("c1", 7, 14)]


@pytest.mark.parametrize(
    ("scored", "value"),
    [
        ("select customer_key, net, net * 3 as worth from candidate.base_totals", VALUE),
        (SCORED, "select customer_key, net, worth * 2 as worth from candidate.base_scored"),
        (SCORED, "select customer_key, net, worth, worth + 1 as more from candidate.base_scored"),
    ],
)
def test_view_of_a_reader_stays_when_the_mart_says_otherwise_or_more(
    warehouse: Settings, connection: psycopg.Connection, scored: str, value: str
) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    connection.execute("create view public.report as select customer_key, worth from marts.value")
    candidate(connection, 5, scored, value)
    publish(warehouse, NIGHT, PUBLISHED)
    wanted = connection.execute("select * from candidate.value order by 1").fetchall()
    assert held(connection) == wanted
    reported = connection.execute("select worth from public.report order by customer_key").fetchall()
    assert reported == [row[2:3] for row in wanted]


FEWER = "select customer_key, worth from candidate.base_scored where net > 0"
OTHER_NAME = "select customer_key, net, net * 2 as value from candidate.base_totals"
BETWEEN = "select customer_key, net + 1 as more, net, worth from candidate.base_scored where net > 0"
RENAMED = "select customer_key, net, value as worth from candidate.base_scored where net > 0"


@pytest.mark.parametrize(
    "change",
    [
        "a column of the view goes",
        "a column comes between",
        "a column of a view beneath goes",
        "a column of its table has another type",
    ],
)
def test_view_is_made_anew_when_its_columns_are_others(
    warehouse: Settings, connection: psycopg.Connection, change: str
) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    if change == "a column of the view goes":
        candidate(connection, value=FEWER)
    elif change == "a column comes between":
        candidate(connection, value=BETWEEN)
    elif change == "a column of a view beneath goes":
        candidate(connection, scored=OTHER_NAME, value=RENAMED)
    else:
        connection.execute("drop view candidate.base_scored cascade")
        connection.execute("alter table candidate.base_totals alter column net type numeric")
        connection.execute(f"create view candidate.base_scored as {SCORED}".encode())
        connection.execute(f"create view candidate.value as {VALUE}".encode())
    publish(warehouse, NIGHT, PUBLISHED)
    kinds = "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{}.value'::regclass"
    shapes = [connection.execute(kinds.format(schema).encode()).fetchall() for schema in ("marts", "candidate")]
    assert shapes[0] == shapes[1]
    assert held(connection) == connection.execute("select * from candidate.value order by 1").fetchall()


def test_view_of_a_reader_stays_when_another_mart_loses_a_column(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    published = (*PUBLISHED, "zeal")
    connection.execute("create table candidate.zeal (customer_key text primary key, more integer)")
    candidate(connection)
    publish(warehouse, NIGHT, published)
    connection.execute("create view public.report as select customer_key, worth from marts.value")
    connection.execute("alter table candidate.zeal drop column more")
    publish(warehouse, NIGHT, published)
    assert connection.execute("select worth from public.report").fetchall() == [(10,)]


@pytest.mark.parametrize(("kind", "letter"), [("table", "r"), ("view", "v")])
def test_mart_becomes_the_other_kind(
    warehouse: Settings, connection: psycopg.Connection, kind: str, letter: str
) -> None:
    def stored() -> None:
        connection.execute("create table candidate.made as select * from candidate.value")
        connection.execute("drop view candidate.value")
        connection.execute("alter table candidate.made rename to value")
        connection.execute("alter table candidate.value add primary key (customer_key)")

    candidate(connection)
    if kind == "view":
        stored()
    publish(warehouse, NIGHT, PUBLISHED)
    if kind == "view":
        connection.execute("drop table candidate.value")
        candidate(connection)
    else:
        stored()
    publish(warehouse, NIGHT, PUBLISHED)
    assert held(connection) == [("c1", 5, 10)]
    found = connection.execute("select relkind::text from pg_class where oid = 'marts.value'::regclass").fetchone()
    assert found == (letter,)


def test_refused_when_somebody_s_view_holds_on_to_what_goes(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    candidate(connection)
    publish(warehouse, NIGHT, PUBLISHED)
    connection.execute("create view public.report as select net from marts.value")
    candidate(connection, net=7, value=FEWER)
    with pytest.raises(UserError, match=r"marts\.value.*report.*Drop the view"):
        publish(warehouse, NIGHT, PUBLISHED)
    assert held(connection) == [("c1", 5, 10)]


@pytest.mark.parametrize("beyond", ["intermediate.beyond", "candidate.beyond", "vault.beyond"])
def test_refused_when_it_reads_what_is_not_published(
    warehouse: Settings, connection: psycopg.Connection, beyond: str
) -> None:
    candidate(connection)
    connection.execute(f"create schema if not exists {beyond.split('.')[0]}".encode())
    connection.execute(f"create table {beyond} (customer_key text)".encode())
    candidate(
        connection, value=f"select t.customer_key from candidate.base_totals as t join {beyond} using (customer_key)"
    )
    with pytest.raises(PermanentError, match=rf"candidate\.value reads {beyond}, which is not published"):
        publish(warehouse, NIGHT, PUBLISHED)
