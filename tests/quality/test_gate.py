"""A gate on real rows: what stops a night, what is recorded, what is looked at, and what never shows."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from factories.gates import NIGHT, GateFactory
from huitou.errors import DataQualityError, PermanentError, TransientError, UserError
from huitou.quality import gate as gate_room
from huitou.quality.gate import check
from huitou.quality.suites import SQL_RULE

pytestmark = pytest.mark.integration

DAY_BEFORE = NIGHT - timedelta(days=1)
PHONE = "13812345678"


def rule(name: str, kind: str, severity: str = "warning", **kwargs: Any) -> dict[str, Any]:
    meta = {"rule": name, "describes": "A rule of a test."}
    return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": meta}


def sql_rule(name: str, where: str, severity: str = "warning") -> dict[str, Any]:
    query = f"select * from {{batch}} as b where {where}"
    return rule(name, SQL_RULE, severity, unexpected_rows_query=query)


def suite(factory: GateFactory, /, *rules: dict[str, Any], **changes: Any) -> None:
    whole = {"name": "raw_orders", "dataset": "raw.orders", "gate": "raw", "key": ["order_id"]} | changes
    text = json.dumps(whole | {"expectations": rules})
    (factory.suites / f"{whole['name']}.json").write_text(text, encoding="utf-8")


def recorded(gate: GateFactory) -> list[tuple[Any, ...]]:
    return gate.connection.execute(
        "select rule, severity, passed, failing, keys from ops.gate_results order by rule"
    ).fetchall()


def steps(gate: GateFactory) -> list[tuple[Any, ...]]:
    return gate.connection.execute("select step, outcome, detail from ops.steps order by step_id").fetchall()


def test_a_failed_critical_rule_stops_the_night_when_its_verdict_is_recorded(gate: GateFactory) -> None:
    suite(gate, sql_rule("paid", "status = 'paid'", "critical"), sql_rule("shipped", "status = 'shipped'"))
    gate.raw("orders", *({"order_id": f"o{n}"} for n in range(5)))
    with pytest.raises(DataQualityError) as caught:
        check(gate.settings, "raw", NIGHT, gate.suites)
    message = str(caught.value)
    for part in ("Gate raw", "2026-03-10", "raw.orders", "paid", "5 failing", "order_id o0, o1, o2 …"):
        assert part in message
    assert "Nothing was published and nothing will be sent" in message
    keys = [{"order_id": f"o{n}"} for n in range(5)]
    assert recorded(gate) == [("paid", "critical", False, 5, keys), ("shipped", "warning", True, 0, [])]
    ((name, outcome, detail),) = steps(gate)
    assert (name, outcome, detail["stops"], detail["rows"]) == ("check.raw", "failed", 1, {"raw.orders": 5})


def test_a_warning_is_recorded_and_told_when_the_night_goes_on(
    gate: GateFactory, caplog: pytest.LogCaptureFixture
) -> None:
    suite(gate, sql_rule("paid", "status = 'paid'"))
    gate.raw("orders", {"order_id": "o1"})
    with caplog.at_level(logging.WARNING, "huitou"):
        report = check(gate.settings, "raw", NIGHT, gate.suites)
    assert [(r.rule, r.failing, r.keys) for r in report.warnings] == [("paid", 1, [{"order_id": "o1"}])]
    assert (report.gate, report.business_date, report.stops, report.rows) == ("raw", NIGHT, [], {"raw.orders": 1})
    assert "raw.orders: paid: 1 failing, order_id o1" in caplog.text
    assert steps(gate)[0][1:] == ("done", {"rows": {"raw.orders": 1}, "rules": 1, "warnings": 1, "stops": 0})


def test_the_verdict_of_a_night_is_replaced_when_the_gate_runs_again(gate: GateFactory) -> None:
    suite(gate, sql_rule("paid", "status = 'paid'"), sql_rule("gone", "false"))
    gate.raw("orders", {"order_id": "o1"})
    check(gate.settings, "raw", NIGHT, gate.suites)
    suite(gate, sql_rule("paid", "status = 'paid' and order_id <> 'o1'"))
    check(gate.settings, "raw", NIGHT, gate.suites)
    assert recorded(gate) == [("paid", "warning", True, 0, [])]


def test_the_raw_gate_looks_at_what_the_night_brought_alone(gate: GateFactory) -> None:
    suite(gate, sql_rule("any", "true"))
    gate.raw("orders", {"order_id": "before"}, night=DAY_BEFORE)
    gate.raw("orders", {"order_id": "late", "_business_date": DAY_BEFORE})
    gate.raw("orders", {"order_id": "after"}, night=NIGHT + timedelta(days=1))
    assert gate.failures("raw") == {"any": [("late",)]}


def test_a_feed_is_passed_over_when_no_night_has_loaded_it(gate: GateFactory) -> None:
    suite(gate, rule("quiet", "expect_table_row_count_to_be_between", "critical", min_value=1))
    gate.raw("orders", {"order_id": "o1"}, night=NIGHT + timedelta(days=1))
    report = check(gate.settings, "raw", NIGHT, gate.suites)
    assert (report.results, report.rows) == ([], {})


def test_a_quiet_night_has_no_rows_when_its_rules_pass(gate: GateFactory) -> None:
    gate.use("raw_orders", "raw_reviews", "raw_customers")
    for feed in ("orders", "reviews", "customers"):
        gate.file(feed, DAY_BEFORE)
    report = check(gate.settings, "raw", NIGHT, gate.suites)
    assert report.rows == {"raw.orders": 0, "raw.reviews": 0, "raw.customers": 0}
    assert [r.rule for r in report.warnings] == ["quiet_night"]
    assert report.stops == []


def test_evidence_is_keys_alone_when_the_failing_row_holds_more(
    gate: GateFactory, caplog: pytest.LogCaptureFixture
) -> None:
    kinds = {
        "unlike": rule("unlike", "expect_column_values_to_match_regex", "critical", column="status", regex="^x$"),
        "many": sql_rule("many", f"status = '{PHONE}'", "critical"),
    }
    suite(gate, *kinds.values())
    gate.raw("orders", *({"order_id": f"o{n:02}", "status": PHONE} for n in range(30)))
    with caplog.at_level(logging.DEBUG), pytest.raises(DataQualityError) as caught:
        check(gate.settings, "raw", NIGHT, gate.suites)
    assert [(name, failing, len(keys)) for name, _, _, failing, keys in recorded(gate)] == [
        ("many", 30, 20),
        ("unlike", 30, 20),
    ]
    assert all(set(key) == {"order_id"} for row in recorded(gate) for key in row[4])
    assert PHONE not in f"{recorded(gate)} {steps(gate)} {caught.value}"
    assert PHONE not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("huitou"))


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("nowhere > 1", 'rule broken could not be evaluated: UndefinedColumn: column "nowhere" does not exist'),
        ("status::bytea > 'x'", "rule broken could not be evaluated: InvalidTextRepresentation."),
    ],
    ids=["a column that is not there", "a value that does not fit"],
)
def test_a_rule_that_cannot_be_evaluated_is_no_verdict_on_the_data(
    gate: GateFactory, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], where: str, says: str
) -> None:
    suite(gate, sql_rule("broken", where), sql_rule("good", "false"))
    gate.raw("orders", {"order_id": "o1", "status": f"\\{PHONE}"})
    with caplog.at_level(logging.INFO), pytest.raises(PermanentError) as caught:
        check(gate.settings, "raw", NIGHT, gate.suites)
    assert says in str(caught.value)
    assert PHONE not in f"{caught.value} {steps(gate)} {caplog.text} {capfd.readouterr()}"
    assert recorded(gate) == []


def test_a_column_rule_that_cannot_be_evaluated_is_no_verdict_either(gate: GateFactory) -> None:
    suite(gate, rule("broken", "expect_column_values_to_not_be_null", column="nowhere"))
    gate.raw("orders", {"order_id": "o1"})
    with pytest.raises(PermanentError, match=r'raw.orders: rule broken could not be evaluated: .*"nowhere"'):
        check(gate.settings, "raw", NIGHT, gate.suites)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [({"colum": "status"}, "colum; extra fields not permitted|field required"), ({}, "field required")],
)
def test_kwargs_that_do_not_fit_are_named(gate: GateFactory, kwargs: dict[str, str], says: str) -> None:
    suite(gate, rule("odd", "expect_column_values_to_not_be_null", **kwargs))
    gate.raw("orders", {"order_id": "o1"})
    with pytest.raises(UserError, match=rf"raw_orders.json: rule odd: its kwargs do not fit.*({says})"):
        check(gate.settings, "raw", NIGHT, gate.suites)


def test_a_lost_server_is_worth_another_try(gate: GateFactory) -> None:
    kill = "(select pg_terminate_backend(pg_backend_pid()))"
    suite(gate, sql_rule("killer", kill))
    gate.raw("orders", {"order_id": "o1"})
    with pytest.raises(TransientError, match="Run the gate again"):
        check(gate.settings, "raw", NIGHT, gate.suites)


EVIDENCE_KINDS = [
    rule("pair", "expect_column_pair_values_a_to_be_greater_than_b", column_A="n", column_B="m"),
    rule("equal", "expect_column_pair_values_to_be_equal", column_A="n", column_B="m"),
    rule("length", "expect_column_value_lengths_to_be_between", column="t", max_value=2),
    rule("between", "expect_column_values_to_be_between", column="n", min_value=2),
    rule("in_set", "expect_column_values_to_be_in_set", column="t", value_set=["ok"]),
    rule("null", "expect_column_values_to_be_null", column="gone"),
    rule("unique", "expect_column_values_to_be_unique", column="twin"),
    rule("like", "expect_column_values_to_match_regex", column="t", regex="^ok$"),
    rule("not_in_set", "expect_column_values_to_not_be_in_set", column="t", value_set=["bad"]),
    rule("not_null", "expect_column_values_to_not_be_null", column="there"),
    rule("unlike", "expect_column_values_to_not_match_regex", column="t", regex="^b"),
    rule("sum", "expect_multicolumn_sum_to_equal", column_list=["n", "m"], sum_total=3),
    sql_rule("query", "n = 1"),
    rule(
        "joined",
        SQL_RULE,
        unexpected_rows_query="select b.k from {batch} as b join {batch} as c on b.k = c.k where b.n = 1",
    ),
]


@pytest.mark.parametrize("where", ["marts", "raw"])
def test_every_type_of_rule_gives_the_keys_of_its_failing_rows(gate: GateFactory, where: str) -> None:
    name = "t" if where == "marts" else "products"
    dataset, key = ("candidate.t", "k") if where == "marts" else ("raw.products", "product_id")
    rules = json.loads(json.dumps(EVIDENCE_KINDS).replace("b.k", f"b.{key}").replace("c.k", f"c.{key}"))
    suite(gate, *rules, name=name, dataset=dataset, gate=where, key=[key])
    columns = "n integer, m integer, t text, gone text, there text, twin integer"
    good, bad = (2, 1, "ok", None, "x"), (1, 4, "bad", "x", None)
    rows = [("good", *good, 1), ("bad", *bad, 2), ("bad too", *bad, 2)]
    if where == "marts":
        gate.connection.execute(f"create table candidate.t (k text, {columns})")
        gate.connection.cursor().executemany("insert into candidate.t values (%s,%s,%s,%s,%s,%s,%s)", rows)
    else:
        alter = ", ".join(f"add column {column}" for column in columns.split(", "))
        gate.connection.execute(f"alter table raw.products {alter}".encode())
        names = ("product_id", "n", "m", "t", "gone", "there", "twin")
        gate.raw("products", *(dict(zip(names, row, strict=True)) for row in rows))
    bad_ones = [("bad",), ("bad too",)]
    equal = [*bad_ones, ("good",)]
    expected = {kind["meta"]["rule"]: bad_ones for kind in EVIDENCE_KINDS}
    assert gate.failures(where) == expected | {"equal": equal}


def test_a_rule_written_as_sql_reads_its_rows_once_when_they_pass(gate: GateFactory) -> None:
    gate.connection.execute("create sequence public.reads")
    suite(gate, sql_rule("read", "nextval('public.reads') < 0"))
    gate.raw("orders", {"order_id": "o1"}, {"order_id": "o2"})
    check(gate.settings, "raw", NIGHT, gate.suites)
    assert gate.connection.execute("select last_value from public.reads").fetchone() == (2,)


def test_a_missing_table_is_named_when_the_marts_were_not_built(gate: GateFactory) -> None:
    gate.use("customer_value")
    with pytest.raises(UserError, match=r"candidate.customer_value does not exist.*huitou build"):
        check(gate.settings, "marts", NIGHT, gate.suites)


def test_an_unknown_gate_is_refused(gate: GateFactory) -> None:
    with pytest.raises(UserError, match=r"row is not a gate\. Gates are: raw, marts"):
        check(gate.settings, "row", NIGHT, gate.suites)  # type: ignore[arg-type]


def test_a_gate_leaves_no_connection_and_so_no_temporary_table_behind(gate: GateFactory) -> None:
    suite(gate, sql_rule("paid", "true"))
    gate.raw("orders", {"order_id": "o1"})
    check(gate.settings, "raw", NIGHT, gate.suites)
    others = (
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
    )
    deadline = time.monotonic() + 5  # a server takes a moment to see that its client has gone
    while (left := gate.connection.execute(others).fetchone()) != (0,) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == (0,)


def test_a_server_behind_a_socket_and_its_options_are_understood(gate: GateFactory) -> None:
    """The URL of a socket has no host, and a URL with options of its own keeps them."""
    suite(gate, sql_rule("small", "current_setting('work_mem') = '123kB'"))
    gate.raw("orders", {"order_id": "o1"})
    assert gate.settings.warehouse_dsn
    parts = conninfo_to_dict(gate.settings.warehouse_dsn.get_secret_value())
    parts["options"] = "-c work_mem=123kB"
    dsn = psycopg.conninfo.make_conninfo(**parts)
    gate.settings = gate.settings.model_copy(update={"warehouse_dsn": SecretStr(dsn)})
    assert gate.failures("raw") == {"small": [("o1",)]}


def test_the_folder_of_suites_is_the_projects_own_unless_another_is_given() -> None:
    assert (gate_room.FOLDER / "raw_orders.json").is_file()
    assert Path(gate_room.FOLDER).is_absolute()
