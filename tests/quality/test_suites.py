"""Suite files: a mistake is named by file, place and what is allowed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from huitou.errors import UserError
from huitou.quality.suites import load_suite, load_suites

SUITE: dict[str, Any] = {
    "name": "raw_orders",
    "dataset": "raw.orders",
    "gate": "raw",
    "key": ["order_id"],
    "expectations": [
        {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": "select order_id from {batch} as b"},
            "severity": "critical",
            "meta": {"rule": "no_rows", "describes": "No row is right."},
        },
        {
            "type": "expect_column_values_to_not_be_null",
            "kwargs": {"column": "status"},
            "severity": "warning",
            "meta": {"rule": "no_status", "describes": "Every order has a status."},
        },
    ],
}


def written(folder: Path, suite: object, name: str = "raw_orders") -> Path:
    path = folder / f"{name}.json"
    path.write_text(suite if isinstance(suite, str) else json.dumps(suite), encoding="utf-8")
    return path


def changed(place: str, value: object) -> dict[str, Any]:
    """SUITE with the value at a dotted place; None takes the key away."""
    suite = copy.deepcopy(SUITE)
    *path, last = place.split(".")
    part: Any = suite
    for step in path:
        part = part[int(step)] if step.isdigit() else part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return suite


QUERY = "expectations.0.kwargs.unexpected_rows_query"


@pytest.mark.parametrize(
    ("suite", "says"),
    [
        pytest.param("{", r"line 1 is not valid JSON", id="not JSON"),
        pytest.param("[]", r"the file: Input should be", id="not an object"),
        pytest.param(changed("dataset", None), r"dataset: Field required", id="key missing"),
        pytest.param(changed("keys", ["x"]), r"keys: unknown key. Did you mean key\? Allowed are: name", id="key"),
        pytest.param(
            changed("expectations.1.severty", "x"),
            r"expectations.1.severty: unknown key. Did you mean severity\?",
            id="key of a rule",
        ),
        pytest.param(
            changed("expectations.1.meta.ruel", "x"), r"meta.ruel: unknown key. Did you mean rule\?", id="key of meta"
        ),
        pytest.param(
            changed("expectations.1.severity", "info"),
            r"expectations.1.severity: Input should be 'critical' or 'warning'",
            id="severity",
        ),
        pytest.param(changed("gate", "mart"), r"gate: Input should be 'raw' or 'marts'", id="gate"),
        pytest.param(changed("name", "orders"), r"name: is orders, but the file is raw_orders.json", id="name"),
        pytest.param(changed("key", []), r"key: Tuple should have at least 1 item", id="no evidence"),
        pytest.param(changed("expectations", []), r"expectations: Tuple should have at least 1", id="no rule"),
        pytest.param(
            changed("dataset", "raw.order"), r"dataset: raw.order. Did you mean raw.orders\?", id="unknown feed"
        ),
        pytest.param(
            changed("key", ["customer_id"]),
            r"key: customer_id may not stand as evidence.*Allowed are: order_id, _file_id, _line",
            id="a customer as evidence",
        ),
        pytest.param(
            changed("gate", "marts"), r"dataset: gate marts checks candidate.<mart>, this says raw.orders", id="mart"
        ),
        pytest.param(
            changed("expectations.1.type", "expect_column_values_not_null"),
            r"rule no_status: type: .*Did you mean expect_column_values_to_not_be_null\?",
            id="type",
        ),
        pytest.param(
            changed("expectations.1.type", "expect_compound_columns_to_be_unique"), r"Allowed are:", id="no keys"
        ),
        pytest.param(changed("expectations.1.meta.rule", "no_rows"), r"rule no_rows: two rules", id="same name"),
        pytest.param(changed("expectations.1.meta.rule", "No rows"), r"String should match", id="name of a rule"),
        pytest.param(changed(QUERY, "select 1 from {batch} where {"), r"a brace is not paired", id="brace"),
        pytest.param(
            changed(QUERY, "select 1 from {batch} where d > {busines_date}"),
            r"{busines_date} is not a placeholder.*Did you mean business_date\?",
            id="placeholder",
        ),
        pytest.param(changed(QUERY, "select 1 from raw.orders"), r"must read from {batch}", id="not the batch"),
        pytest.param(changed(QUERY, None), r"must be a query that gives the failing rows", id="no query"),
    ],
)
def test_a_mistake_is_named_when_a_suite_is_read(tmp_path: Path, suite: object, says: str) -> None:
    path = written(tmp_path, suite)
    with pytest.raises(UserError, match=says) as caught:
        load_suite(path)
    assert str(path) in str(caught.value)


def test_a_mart_rule_knows_no_time_zone(tmp_path: Path) -> None:
    suite = changed(QUERY, "select 1 from {batch} as b where {time_zone} = 'UTC'")
    suite |= {"name": "m", "gate": "marts", "dataset": "candidate.m"}
    with pytest.raises(UserError, match=r"\{time_zone\} is not a placeholder.*Allowed are: batch, business_date"):
        load_suite(written(tmp_path, suite, "m"))


def test_a_literal_brace_may_be_written_twice(tmp_path: Path) -> None:
    query = "select order_id from {batch} as b where order_id ~ '^x{{2}}$'"
    suite = load_suite(written(tmp_path, changed(QUERY, query)))
    assert suite.expectations[0].kwargs["unexpected_rows_query"] == query


def test_two_suites_of_one_dataset_are_refused(tmp_path: Path) -> None:
    written(tmp_path, SUITE)
    written(tmp_path, SUITE | {"name": "more"}, "more")
    with pytest.raises(UserError, match=r"more.json and raw_orders.json are both of raw.orders"):
        load_suites("raw", tmp_path)


def test_a_mistake_in_the_other_gates_suite_is_found_too(tmp_path: Path) -> None:
    written(tmp_path, SUITE)
    written(tmp_path, {"name": "broken"}, "broken")
    with pytest.raises(UserError, match=r"broken.json"):
        load_suites("raw", tmp_path)


def test_a_gate_without_rules_is_refused(tmp_path: Path) -> None:
    written(tmp_path, SUITE)
    with pytest.raises(UserError, match="no suite of gate marts"):
        load_suites("marts", tmp_path)
    with pytest.raises(UserError, match="is not a folder"):
        load_suites("marts", tmp_path / "nowhere")
