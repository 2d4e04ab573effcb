"""The fences around plugins/: Airflow executes every file that it finds there, under its bare name."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from huitou.settings import PROJECT_ROOT

PLUGINS = PROJECT_ROOT / "plugins"
FILES = sorted(path for path in PLUGINS.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def may_import_airflow(path: Path) -> bool:
    return path.name == "huitou_plugin.py" or path.is_relative_to(PLUGINS / "huitou" / "orchestration")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_airflow_stays_in_its_room_when_a_module_imports(path: Path) -> None:
    assert "airflow" not in imported(path) or may_import_airflow(path)


def test_the_room_is_found_when_it_imports_airflow() -> None:
    assert any("airflow" in imported(path) for path in FILES if may_import_airflow(path))


def test_package_is_hidden_when_airflow_looks_for_plugins(facts: dict[str, Any]) -> None:
    assert (PLUGINS / ".airflowignore").read_text().split() == ["huitou/"]
    assert facts["plugins"]["errors"] == {}
    # A file that the loader executed would stand in sys.modules under its bare stem.
    stems = {path.stem for path in FILES if path.is_relative_to(PLUGINS / "huitou")} - {"__init__"}
    executed = stems & (set(facts["modules_after_plugins"]) - set(facts["modules"]))
    assert executed == set()


def test_no_module_shadows_another_when_it_is_taken_for_a_plugin() -> None:
    stems = {path.stem for path in FILES} - {"__init__"}
    assert "__main__" not in stems
    assert stems & set(sys.stdlib_module_names) == set()
