"""What a run of dbt tells the caller: counts when all is well, one clear error when not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.raw import RawFactory, noon
from factories.raw_world import LAST_DAY, fill
from huitou.errors import DataQualityError, PermanentError, TransientError, UserError
from huitou.settings import Settings
from huitou.transform.dbt import NIGHTLY, PROJECT, PUBLISHED, DbtRun, manifest, run, spoken_line
from huitou.warehouse.connection import connect

EVERYTHING = ("build",)
TYPES = {"timestamp with time zone": "timestamptz", "time without time zone": "time"}


@pytest.fixture(scope="module")
def built(module_warehouse: Settings) -> Iterator[tuple[Settings, psycopg.Connection, DbtRun]]:
    """A filled warehouse on which everything ran once: models, data tests and unit tests."""
    settings = module_warehouse
    with connect(settings) as connection:
        fill(connection, seed=3, customers=20, orders=60)
        # The project can also be built without a row, as the first build on a large warehouse may want.
        run(settings, LAST_DAY, ("seed",))
        run(settings, LAST_DAY, ("run", "--empty"))
        yield settings, connection, run(settings, LAST_DAY, EVERYTHING)


@pytest.mark.integration
def test_unit_tests_and_all_data_tests_pass(built: tuple[Settings, psycopg.Connection, DbtRun]) -> None:
    settings, _, done = built
    project = manifest(settings)
    tests = [n for n in project.nodes.values() if n.resource_type == "test"]
    assert len(project.unit_tests) >= 15
    assert done.tests == len(tests) + len(project.unit_tests)
    assert done.models == len([n for n in project.nodes.values() if n.resource_type == "model"])
    published = [path.stem for layer in PUBLISHED for path in (PROJECT / "models" / layer).rglob("*.sql")]
    assert done.marts == tuple(sorted(published))
    assert len(done.marts) > 10
    assert {"sales_daily", "delivery_daily", "reconciliation"} <= set(done.touched) <= set(done.marts)
    assert done.warnings == ()


@pytest.mark.integration
def test_columns_have_the_types_that_the_yml_states(built: tuple[Settings, psycopg.Connection, DbtRun]) -> None:
    settings, connection, _ = built
    found = {
        (schema, table, column): kind
        for schema, table, column, kind in connection.execute(
            "select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute as a "
            "join pg_class as c on c.oid = a.attrelid join pg_namespace as n on n.oid = c.relnamespace "
            "where n.nspname in ('staging', 'intermediate', 'candidate') and a.attnum > 0 and c.relkind in ('r', 'v')"
        )
        # What a build takes on stands beside dbt's own tables.
        if not table.startswith(("touched_", "taken_"))
    }
    stated = {
        (node.schema, node.name, column.name): column.data_type
        for node in manifest(settings).nodes.values()
        if node.resource_type in ("model", "seed")
        for column in node.columns.values()
    }
    assert {k: TYPES.get(v, v) for k, v in found.items()} == {k: TYPES.get(v, v) for k, v in stated.items()}


@pytest.mark.integration
def test_nothing_is_logged_or_written_into_the_project(
    built: tuple[Settings, psycopg.Connection, DbtRun], capfd: pytest.CaptureFixture[str]
) -> None:
    settings, _, _ = built
    run(settings, LAST_DAY, ("run", "--select", "stg_products"))
    assert capfd.readouterr() == ("", "")
    state = {path.name for path in (settings.home / "dbt").rglob("*.log")}
    assert state == set()


@pytest.mark.integration
def test_quality_error_names_test_model_and_rows_when_a_data_test_fails(
    warehouse: Settings, connection: psycopg.Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = RawFactory(connection)
    for number in range(3):
        raw.insert(
            "orders",
            LAST_DAY,
            order_id=f"o{number}",
            customer_id="13800138000",
            ordered_at=noon(LAST_DAY),
            status="paid",
            currency="CNY",
        )
    with pytest.raises(DataQualityError) as caught:
        run(warehouse, LAST_DAY, (*NIGHTLY, "--select", "+int_orders__priced"))
    message = str(caught.value)
    assert "on int_orders__priced fails for 3 rows" in message
    assert "13800138000" not in message
    assert capfd.readouterr() == ("", "")


@pytest.mark.integration
@pytest.mark.parametrize(
    "row",
    ["'new', '', 5, 6", "null, '', 5, 6", "'broken', '', -1, 6", "'unknown', '', null, 6"],
    ids=["key twice", "no key", "invariant broken", "invariant not shown"],
)
def test_one_test_finds_a_bad_key_and_a_broken_invariant_when_a_row_has_it(
    built: tuple[Settings, psycopg.Connection, DbtRun], row: str
) -> None:
    settings, connection, _ = built
    added = f"insert into staging.quarantine_ages (age_class, age_class_zh, min_days, max_days) values ({row})"
    connection.execute(added.encode())
    try:
        with pytest.raises(DataQualityError, match=r"Test is_key_.* on quarantine_ages fails for 1 rows"):
            run(settings, LAST_DAY, ("test", "--select", "quarantine_ages"))
    finally:
        run(settings, LAST_DAY, ("seed", "--select", "quarantine_ages"))


@pytest.mark.integration
def test_warning_is_told_when_a_refund_is_in_another_currency(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    raw = RawFactory(connection)
    raw.order("o1", "c1", LAST_DAY)
    raw.refund("r1", "o1", LAST_DAY, "1.00", currency="USD")
    test = "assert_every_refund_is_in_its_order_s_currency"
    done = run(warehouse, LAST_DAY, (*NIGHTLY, "--select", f"+{test}", "--indirect-selection", "cautious"))
    assert done.warnings == (test,)


@pytest.mark.integration
def test_empty_shop_builds_empty_marts(warehouse: Settings, connection: psycopg.Connection) -> None:
    done = run(warehouse, LAST_DAY)
    # The log of changes and the map of tiers are of the project, not of the shop; there is always a row of parameters.
    for mart in set(done.marts) - {"metric_log", "base_value__tiers", "base_value__parameters"}:
        assert connection.execute(f"select count(*) from candidate.{mart}").fetchone() == (0,)


@pytest.mark.integration
def test_permanent_error_names_the_model_when_its_sql_fails(
    warehouse: Settings, connection: psycopg.Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    connection.execute("alter table raw.orders drop column coupon_code")
    with pytest.raises(PermanentError) as caught:
        run(warehouse, LAST_DAY, (*NIGHTLY, "--select", "+stg_orders"))
    assert str(caught.value) == ("model stg_orders: column orders.coupon_code does not exist. Nothing was published.")
    assert capfd.readouterr() == ("", "")


@pytest.mark.integration
def test_transient_error_when_no_server_answers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(home=tmp_path, warehouse_dsn="postgresql://huitou:geheim@127.0.0.1:1/warehouse")
    with pytest.raises(TransientError, match="did not answer") as caught:
        run(settings, date(2026, 1, 1))
    assert "geheim" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_user_error_when_the_feed_set_is_not_there(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, sources=tmp_path, warehouse_dsn="postgresql://huitou@127.0.0.1:1/warehouse")
    with pytest.raises(UserError, match="not a set of feeds"):
        run(settings, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            'Database Error in model x (models/x.sql)\n  column "a" does not exist\n  LINE 3: select a\n',
            'column "a" does not exist',
        ),
        (
            'Database Error in model x (models/x.sql)\n  invalid input syntax for type integer: "13800138000"\n',
            'invalid input syntax for type integer: "…"',
        ),
        (
            'Database Error in model x\n  value "13800138000" is out of range for type integer',
            'value "…" is out of range for type integer',
        ),
        (
            "Database Error in model x\n  duplicate key value violates unique constraint "
            '"x_pkey"\n  DETAIL:  Key (customer_key)=(c_1) already exists.\n  compiled code at target/x.sql',
            'duplicate key value violates unique constraint "x_pkey"',
        ),
        ("Compilation Error in model x (models/x.sql)\n  'foo' is undefined", "'foo' is undefined"),
        ("Runtime Error\n  Database Error\n    connection to server failed", "connection to server failed"),
        ("", "no message"),
    ],
)
def test_spoken_line_keeps_the_reason_and_drops_values(said: str, line: str) -> None:
    assert spoken_line(said) == line
