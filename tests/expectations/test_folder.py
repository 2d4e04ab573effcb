"""The suites as files: all load, all speak of feeds and marts that exist, and each rule is one the library knows."""

from __future__ import annotations

import pytest
import yaml

from huitou.quality.suites import GATES, SQL_RULE, TYPES, load_suites
from huitou.settings import PROJECT_ROOT
from huitou.sources.contract import contracts

SUITES = [suite for gate in GATES for suite in load_suites(gate)]
MODELS = PROJECT_ROOT / "dbt" / "models"
# Feeds that only name things of other feeds, and carry no figure of their own.
WITHOUT_RULES = {"categories", "sellers"}


def test_every_feed_with_figures_has_a_suite() -> None:
    covered = {suite.dataset for suite in SUITES if suite.gate == "raw"}
    feeds = {f"{c.room}.{c.feed}" for c in contracts().values() if c.feed not in WITHOUT_RULES}
    assert covered == feeds | {"landing.files"}


def test_every_published_table_has_a_suite() -> None:
    covered = {suite.table for suite in SUITES if suite.gate == "marts"}
    assert covered == {path.stem for folder in ("marts", "audiences") for path in (MODELS / folder).glob("*.sql")}


@pytest.mark.parametrize("suite", [s for s in SUITES if s.gate == "raw"], ids=lambda s: s.name)
def test_raw_rules_name_columns_of_the_contract(suite) -> None:
    if suite.table not in contracts():
        return
    columns = contracts()[suite.table].columns
    named = [rule.kwargs["column"] for rule in suite.expectations if "column" in rule.kwargs]
    assert [name for name in named if name not in columns] == []


@pytest.mark.parametrize("suite", [s for s in SUITES if s.gate == "marts"], ids=lambda s: s.name)
def test_mart_rules_name_columns_that_dbt_declares(suite) -> None:
    (declared,) = MODELS.glob(f"*/{suite.table}.yml")
    (model,) = yaml.safe_load(declared.read_text(encoding="utf-8"))["models"]
    columns = {column["name"] for column in model["columns"]}
    named = [*suite.key, *(r.kwargs["column"] for r in suite.expectations if "column" in r.kwargs)]
    assert [name for name in named if name not in columns] == []
    enforced = [c["columns"] for c in model.get("constraints", []) if c["type"] == "primary_key"]
    tested = [test["is_key"]["arguments"]["columns"] for test in model["data_tests"] if "is_key" in test]
    assert list(suite.key) == (enforced + tested)[0]


def test_rules_tell_what_they_guard_against_in_a_sentence() -> None:
    told = [(suite.name, rule.name, rule.meta.describes) for suite in SUITES for rule in suite.expectations]
    assert [entry for entry in told if len(entry[2]) < 15 or not entry[2].endswith(".")] == []


def test_the_library_knows_every_type_that_a_suite_may_use() -> None:
    import great_expectations  # noqa: F401  (registers its expectations)
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    assert set(TYPES) - set(list_registered_expectation_implementations()) == set()


def test_rules_in_sql_read_no_clock() -> None:
    queries = {
        f"{suite.name}.{rule.name}": rule.kwargs["unexpected_rows_query"].lower()
        for suite in SUITES
        for rule in suite.expectations
        if rule.type == SQL_RULE
    }
    clocks = ("now()", "current_date", "current_timestamp", "clock_timestamp")
    assert [name for name, query in queries.items() if any(clock in query for clock in clocks)] == []
