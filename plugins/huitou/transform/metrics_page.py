"""Writes docs/metrics.md from the yml files of the marts, so that a figure's meaning stands once: beside its model.

Of a mart it shows the description (which states the grain), the key of the contract, and ``config.meta``:

- ``source``, of a model: the feeds that it comes from; required of a mart;
- ``notes``, of a model: paragraphs below the table;
- ``formula``, of a column: how it is computed, where its description does not say it all.

Rules that hold for all marts are the ``__overview__`` of ``dbt/models/overview.md``, which is also the first page of
dbt's own documentation. Changes of meaning come from the seed ``metric_changes``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT
from huitou.yaml_files import read_yaml

DBT = PROJECT_ROOT / "dbt"
PAGE = PROJECT_ROOT / "docs" / "metrics.md"
OVERVIEW = re.compile(r"\{% docs __overview__ %\}\n(.*?)\{% enddocs %\}", flags=re.DOTALL)
HEADING = """# Metrics

*Written by `huitou docs metrics` from the yml beside each model; change a figure's meaning there.*
"""
META_KEYS = {"model": {"source", "notes"}, "column": {"formula"}}


def metrics_page(project: Path = DBT) -> str:
    """The page's text. Raises ``UserError`` for a yml file that lacks what the page shows, with its name."""
    marts = [_model(path) for path in sorted((project / "models" / "marts").glob("*.yml"))]
    audiences = [_model(path) for path in sorted((project / "models" / "audiences").glob("*.yml"))]
    return "\n".join(
        [
            HEADING,
            _ground_rules(project / "models" / "overview.md"),
            *(_mart_section(mart) for mart in marts),
            _audience_section(audiences),
            _changes_section(project / "seeds" / "metric_changes.csv"),
        ]
    )


def write_metrics_page() -> Path:
    """Write docs/metrics.md anew and return its path."""
    PAGE.write_text(metrics_page(), encoding="utf-8")
    return PAGE


def _model(path: Path) -> dict[str, Any]:
    """The one model of a yml file, its keys checked, ``path`` beside them."""
    models = read_yaml(path).get("models") or []
    if len(models) != 1 or models[0].get("name") != path.stem:
        raise UserError(f"{path}: must describe the one model {path.stem} under `models:`.")
    model: dict[str, Any] = models[0] | {"path": path}
    _check_meta(path, path.stem, "model", _meta(model))
    for column in model.get("columns") or []:
        _check_meta(path, column["name"], "column", _meta(column))
    return model


def _meta(node: dict[str, Any]) -> dict[str, str]:
    return (node.get("config") or {}).get("meta") or {}


def _check_meta(path: Path, name: str, kind: str, meta: dict[str, str]) -> None:
    for key in meta.keys() - META_KEYS[kind]:
        allowed = ", ".join(sorted(META_KEYS[kind]))
        raise UserError(f"{path}: {name}: config.meta.{key} is not shown anywhere. Allowed are: {allowed}.")


def _mart_section(mart: dict[str, Any]) -> str:
    key = _key(mart)
    if not _meta(mart).get("source"):
        raise UserError(f"{mart['path']}: {mart['name']} needs config.meta.source: the feeds that it comes from.")
    named = ", ".join(f"`{column}`" for column in key)
    rows = [["column", "type", "meaning", "formula"], ["---"] * 4]
    for column in mart["columns"]:
        rows.append(
            [f"`{column['name']}`", str(column["data_type"]), column["description"], _meta(column).get("formula", "")]
        )
    lines = [
        f"## {mart['name']}",
        "",
        f"{mart['description'].strip()} Key: {named}. Source: {_meta(mart)['source']}.",
        "",
    ]
    return "\n".join([*lines, *map(_row, rows), "", *_notes(mart)])


def _key(mart: dict[str, Any]) -> list[str]:
    """The columns that name a row: of the contract, or of the test where the mart is a view."""
    enforced = [c["columns"] for c in mart.get("constraints") or [] if c["type"] == "primary_key"]
    tested = [test["is_key"]["arguments"]["columns"] for test in mart.get("data_tests") or [] if "is_key" in test]
    if not enforced + tested:
        raise UserError(f"{mart['path']}: {mart['name']} has no primary_key under `constraints:`, nor a test `is_key`.")
    key: list[str] = (enforced + tested)[0]
    return key


def _audience_section(audiences: list[dict[str, Any]]) -> str:
    lines = ["## Audiences", "", "In schema `candidate`; campaigns read them, readers of `marts` do not.", ""]
    for audience in audiences:
        notes = " ".join(_meta(audience).get("notes", "").split())
        lines.append(f"- `{audience['name']}`: {audience['description'].strip()} {notes}".rstrip())
    return "\n".join([*lines, ""])


def _changes_section(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        changes = sorted(csv.DictReader(file), key=lambda row: (row["changed_on"], row["mart"], row["column_name"]))
    rows = [["day", "mart", "column", "what changed", "why"], ["---"] * 5]
    rows += [[c["changed_on"], c["mart"], c["column_name"], c["change"], c["reason"]] for c in reversed(changes)]
    lines = ["## Changes of meaning", "", "Newest first, from seed `metric_changes`. Column `*` is the whole mart.", ""]
    return "\n".join([*lines, *map(_row, rows), ""])


def _ground_rules(path: Path) -> str:
    found = OVERVIEW.search(path.read_text(encoding="utf-8"))
    if found is None:
        raise UserError(f"{path}: holds no block `{{% docs __overview__ %}} … {{% enddocs %}}`.")
    return found[1].partition("\n")[2].lstrip("\n")


def _notes(model: dict[str, Any]) -> list[str]:
    notes = _meta(model).get("notes", "").strip()
    return [notes, ""] if notes else []


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
