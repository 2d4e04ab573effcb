"""docs/dags.md says what the DAGs are."""

from __future__ import annotations

import re
from typing import Any

from huitou.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "dags.md").read_text()


def table() -> dict[str, list[str]]:
    """Cells of the table's rows by DAG id."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return {row[1].strip("`"): row for row in rows[2:]}


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_table_has_every_dag_with_its_tasks_when_it_is_read(facts: dict[str, Any]) -> None:
    found = {dag_id: sorted(names(row[3])) for dag_id, row in table().items()}
    assert found == {dag_id: sorted(dag["tasks"]) for dag_id, dag in facts["dags"].items()}


def test_table_has_the_trigger_when_a_dag_follows_an_asset(facts: dict[str, Any]) -> None:
    for dag_id, dag in facts["dags"].items():
        trigger = names(table()[dag_id][2])
        assert trigger == (dag["listens"] or ["0 2 * * *"]), dag_id


def test_remedy_is_written_when_a_dag_fails() -> None:
    for dag_id, row in table().items():
        assert "run the date again" in row[4], dag_id
