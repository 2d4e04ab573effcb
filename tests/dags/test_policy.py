"""The rules that every DAG of the project keeps."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from huitou.settings import PROJECT_ROOT

DAG_FILES = sorted((PROJECT_ROOT / "dags").glob("*.py"))
VERB_NOUN = re.compile(r"[a-z]+(_[a-z]+)+")
HEAVY = {"pandas", "numpy", "scipy", "pyarrow", "dbt", "great_expectations"}
LIGHT = {
    "huitou",
    "huitou.errors",
    "huitou.settings",
    "huitou.orchestration",
    "huitou.orchestration.assets",
    "huitou.orchestration.defaults",
    "huitou.orchestration.tasks",
}


def tags() -> set[str]:
    """Values of the Tag enum, read from its source: unit tests do not import Airflow."""
    tree = ast.parse((PROJECT_ROOT / "plugins/huitou/orchestration/defaults.py").read_text())
    (enum,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tag"]
    return {node.value.value for node in enum.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]


def each_task(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for dag_id, dag in facts["dags"].items():
        for task_id, task in dag["tasks"].items():
            yield f"{dag_id}.{task_id}", task


def test_every_file_holds_one_dag_named_after_it_when_parsed(facts: dict[str, Any]) -> None:
    assert facts["errors"] == {}
    assert len(facts["dags"]) > 0
    assert sorted(facts["dags"]) == [path.stem for path in DAG_FILES]
    for dag_id, dag in facts["dags"].items():
        assert Path(dag["file"]).stem == dag_id


def test_dags_run_one_at_a_time_and_never_catch_up_when_scheduled(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        assert (dag["max_active_runs"], dag["catchup"]) == (1, False), dag_id


def test_docstring_is_the_page_when_the_ui_shows_a_dag(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        source = ast.get_docstring(ast.parse(Path(dag["file"]).read_text()), clean=False)
        assert dag["doc"] == source, dag_id
        for part in ("**When**", "**Then**", "**Run again**", "**When it fails**"):
            assert part in dag["doc"], dag_id


def test_tags_come_from_the_enum_when_a_dag_has_them(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        assert dag["tags"], dag_id
        assert set(dag["tags"]) <= tags(), dag_id


def test_tasks_have_owner_retries_and_callback_when_built_from_the_defaults(facts: dict[str, Any]) -> None:
    for name, task in each_task(facts):
        assert task["owner"] == "data-platform", name
        assert task["retries"] >= 1, name
        assert task["callbacks"] == ["huitou.orchestration.defaults.report_failure"], name


def test_names_are_verb_and_noun_when_a_task_or_dag_is_named(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        for name in (dag_id, *dag["tasks"]):
            assert VERB_NOUN.fullmatch(name), name


def test_chain_is_partitioned_throughout_when_dags_follow_each_other(facts: dict[str, Any]) -> None:
    written = {asset for _, task in each_task(facts) for asset in task["outlets"]}
    for dag_id, dag in facts["dags"].items():
        if dag_id == "ingest_feeds":
            assert dag["timetable"] == "CronPartitionTimetable"
        else:
            assert dag["timetable"] == "PartitionedAssetTimetable", dag_id
            assert set(dag["listens"]) <= written, dag_id


def test_only_the_last_task_announces_when_a_dag_has_an_asset(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        followed = {upstream for task in dag["tasks"].values() for upstream in task["upstream"]}
        for task_id, task in dag["tasks"].items():
            assert not (task["outlets"] and task_id in followed), f"{dag_id}.{task_id}"


def test_key_is_the_day_that_closed_when_the_clock_strikes_two(facts: dict[str, Any]) -> None:
    # 02:00 in Shanghai is 18:00 of the day before in UTC, and that day is the business date.
    assert facts["keys"]["scheduled"] == [
        ["2025-03-01T18:00:00+00:00", "2025-03-01"],
        ["2025-03-02T18:00:00+00:00", "2025-03-02"],
        ["2025-03-03T18:00:00+00:00", "2025-03-03"],
    ]


def test_backfill_names_business_dates_when_given_from_and_to(facts: dict[str, Any]) -> None:
    # The end is a moment, its midnight: the night of that date has not begun.
    assert facts["keys"]["backfill"] == ["2025-03-01", "2025-03-02", "2025-03-03"]


def test_nothing_heavy_is_loaded_when_the_folder_is_parsed(facts: dict[str, Any]) -> None:
    assert HEAVY & set(facts["modules"]) == set()
    assert {name for name in facts["modules"] if name.split(".")[0] == "huitou"} <= LIGHT
    assert facts["home_made"] is False


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_file_declares_and_nothing_more_when_it_is_a_dag(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) <= 80
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and any("task" in ast.unparse(d) for d in node.decorator_list):
            assert len(node.body) == 1, f"{path.name}: {node.name} does more than call"
