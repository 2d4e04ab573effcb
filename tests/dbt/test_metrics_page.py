"""docs/metrics.md is what the yml of the marts says, and the log of changes names what is there."""

from __future__ import annotations

import csv
import re
from functools import cache

import yaml

from huitou.settings import PROJECT_ROOT
from huitou.transform.metrics_page import PAGE, metrics_page

DBT = PROJECT_ROOT / "dbt"


@cache
def stated() -> dict[str, set[str]]:
    """Columns in each mart's yml."""
    found = {}
    for path in (DBT / "models" / "marts").glob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {column["name"] for column in model["columns"]}
    return found


def test_committed_page_is_the_generated_one() -> None:
    assert PAGE.read_text(encoding="utf-8") == metrics_page(), "run `huitou docs metrics`"


def test_page_has_a_row_for_every_column_of_every_mart() -> None:
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = {
        title: set(re.findall(r"^\| `(\w+)` \| \S", text, flags=re.MULTILINE))
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    assert len(stated()) >= 8
    assert {mart: rows[mart] for mart in stated()} == stated()


def test_every_audience_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for path in (DBT / "models" / "audiences").glob("*.sql"):
        assert f"- `{path.stem}`: " in text


def test_every_mart_has_an_entry_in_the_log_of_changes() -> None:
    with (DBT / "seeds" / "metric_changes.csv").open(encoding="utf-8", newline="") as file:
        logged = {change["mart"] for change in csv.DictReader(file)}
    assert set(stated()) - logged == set()


def test_log_of_changes_names_marts_and_columns_that_exist() -> None:
    with (DBT / "seeds" / "metric_changes.csv").open(encoding="utf-8", newline="") as file:
        changes = list(csv.DictReader(file))
    assert changes
    for change in changes:
        assert change["column_name"] in stated()[change["mart"]] | {"*"}, change
