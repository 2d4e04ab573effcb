"""The role bi_reader: every schema, table and verb. It reads marts and can do nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest
from psycopg import sql

from huitou.settings import Settings
from huitou.warehouse.publish import publish

pytestmark = pytest.mark.integration

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
SCHEMAS = {"landing", "raw", "quarantine", "staging", "intermediate", "candidate", "marts", "ops", "vault"}
TABLES = """
select n.nspname, c.relname, v.verb,
    has_schema_privilege('bi_reader', n.oid, 'USAGE') as sees,
    has_table_privilege('bi_reader', c.oid, v.verb) as may
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join unnest(%s::text[]) as v (verb)
where c.relkind in ('r', 'v', 'm', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
    and n.nspname not like 'pg_toast%%'
"""


@pytest.fixture
def published(warehouse: Settings, connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A warehouse with a table in every schema, and a mart that was published after the role was let in."""
    for schema in ("staging", "intermediate", "candidate", "quarantine"):
        connection.execute(
            sql.SQL("create table if not exists {} (customer_key text primary key)").format(
                sql.Identifier(schema, "a_mart")
            )
        )
    connection.execute("create sequence ops.numbers")
    connection.execute("insert into candidate.a_mart values ('c_1')")
    publish(warehouse, date(2026, 1, 31), ["a_mart"])
    yield connection
    connection.execute("reset role")


def test_reads_marts_and_nothing_else_in_any_schema_by_any_verb(published: psycopg.Connection) -> None:
    rows = published.execute(TABLES, (list(VERBS),)).fetchall()
    assert {schema for schema, *_ in rows} == SCHEMAS
    assert len(rows) > 7 * 40
    for schema, table, verb, sees, may in rows:
        allowed = schema == "marts" and verb == "SELECT"
        assert may == allowed, (schema, table, verb)
        assert sees == (schema == "marts"), schema


def test_reaches_no_function_and_no_sequence(published: psycopg.Connection) -> None:
    functions = published.execute(
        "select n.nspname, p.proname from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace "
        "where n.nspname = any(%s) and has_schema_privilege('bi_reader', n.oid, 'USAGE')",
        (sorted(SCHEMAS),),
    ).fetchall()
    assert functions == []
    sequences = published.execute(
        "select c.oid::regclass::text from pg_class as c where "
        "case when c.relkind = 'S' then has_sequence_privilege('bi_reader', c.oid, 'USAGE, SELECT, UPDATE') end"
    ).fetchall()
    assert sequences == []


def test_is_nobody_s_member_and_has_no_power_of_its_own(published: psycopg.Connection) -> None:
    row = published.execute(
        "select rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls, "
        "(select count(*) from pg_auth_members where member = r.oid) from pg_roles as r where rolname = 'bi_reader'"
    ).fetchone()
    assert row == (False, False, False, False, False, False, 0)
    for schema in SCHEMAS:
        made = published.execute("select has_schema_privilege('bi_reader', %s, 'CREATE')", (schema,)).fetchone()
        assert made == (False,), schema


def test_really_reads_a_new_mart_and_is_really_refused_the_rest(published: psycopg.Connection) -> None:
    published.execute("set role bi_reader")
    assert published.execute("select * from marts.a_mart").fetchall() == [("c_1",)]
    for statement in (
        "select * from candidate.a_mart",
        "select * from raw.orders",
        "select * from vault.contact_points",
        "select * from ops.messages",
        "select vault.consent_as_of('2026-01-31')",
        "select ops.let_readers_in()",
        "insert into marts.a_mart values ('c_2')",
        "delete from marts.a_mart",
        "drop table marts.a_mart",
        "create table marts.mine (a int)",
        "create table public.mine (a int)",
        "create schema mine",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            published.execute(statement.encode())


def test_is_let_in_by_the_next_publication_when_it_was_made_later(
    warehouse: Settings, published: psycopg.Connection
) -> None:
    published.execute("revoke all on all tables in schema marts from bi_reader")
    published.execute("alter default privileges in schema marts revoke select on tables from bi_reader")
    published.execute("revoke usage on schema marts from bi_reader")
    publish(warehouse, date(2026, 2, 1), ["a_mart"])
    published.execute("set role bi_reader")
    assert published.execute("select count(*) from marts.a_mart").fetchone() == (1,)
