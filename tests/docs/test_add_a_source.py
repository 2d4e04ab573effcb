"""docs/add-a-source.md, followed word for word in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.contract import Column, Contract, column_types

PAGE = PROJECT_ROOT / "docs" / "add-a-source.md"
COPIED = ("plugins", "dags", "dbt", "expectations", "tests", "pyproject.toml")


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def files_of(page: str) -> dict[str, str]:
    """What the page says to write, by path."""
    return dict(re.findall(r"^Write `([^`]+)`:\n\n```\w+\n(.*?)^```$", page, flags=re.M | re.S))


def commands_of(page: str) -> list[list[str]]:
    blocks = re.findall(r"^```bash\n(.*?)^```$", page, flags=re.M | re.S)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@pytest.fixture
def project(tmp_path: Path, page: str) -> Path:
    """A copy of the project in which the page's files are written."""
    root = tmp_path / "project"
    root.mkdir()
    for name in COPIED:
        source = PROJECT_ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__", "target", "docs"))
        else:
            shutil.copy(source, root / name)
    for name, text in files_of(page).items():
        path = root / name
        assert not path.exists(), f"{name} is there already: the page must add it"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def run(root: Path, warehouse: Settings, command: list[str]) -> subprocess.CompletedProcess[str]:
    words = {"huitou": [sys.executable, "-m", "huitou.cli"], "python": [sys.executable]}[command[0]] + command[1:]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUITOU_", "PYTEST_"))}
    ours = {
        "HUITOU_HOME": str(root / ".huitou"),
        "HUITOU_WAREHOUSE_DSN": warehouse.warehouse_dsn.get_secret_value(),
        "PYTHONPATH": str(root / "plugins"),
    }
    return subprocess.run(words, cwd=root, env=kept | ours, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.integration
def test_the_page_adds_a_feed_when_it_is_followed(
    project: Path, page: str, warehouse: Settings, connection: psycopg.Connection
) -> None:
    commands = commands_of(page)
    assert [command[:2] for command in commands] == [
        ["huitou", "ingest"],
        ["huitou", "quarantine"],
        ["huitou", "check"],
        ["python", "-m"],
    ]
    for command in commands:
        done = run(project, warehouse, command)
        assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    assert re.search(r"\b[1-9]\d* passed", done.stdout)
    assert connection.execute("select rows_seen, loaded, duplicate, quarantined from landing.files").fetchall() == [
        (5, 2, 1, 2)
    ]
    rows = connection.execute(
        "select appointment_id, status, party, starts_at at time zone 'Asia/Shanghai', phone, note"
        " from raw.appointments order by 1"
    ).fetchall()
    assert [(row[0], row[1], row[2], row[3].isoformat()) for row in rows] == [
        ("A0001", "booked", 2, "2026-11-28T15:00:00"),
        ("A0002", "cancelled", 1, "2026-11-22T10:30:00"),
    ]
    assert re.fullmatch(r"[0-9a-f]{64}", rows[0][4])
    assert rows[1][5] == "请打[phone]"
    reasons = [row[0] for row in connection.execute("select reasons from quarantine.rows order by line")]
    assert [len(found) for found in reasons] == [1, 4]
    checked = connection.execute("select distinct dataset from ops.gate_results where rule = 'kept_before_its_day'")
    assert checked.fetchall() == [("raw.appointments",)]


def test_the_page_needs_no_python(page: str) -> None:
    written = files_of(page)
    assert len(written) == 5
    assert not [name for name in written if name.endswith(".py")]


def test_every_key_of_a_contract_and_every_type_is_explained(page: str) -> None:
    for name in [*Contract.model_fields, *Column.model_fields]:
        if name not in ("feed", "room", "columns", "scale_rows"):
            assert re.search(rf"[`.]{name}`", page), name
    (types,) = re.findall(r"\| `columns\.<name>\.type` \| (.*) \|", page)
    assert set(re.findall(r"`(\w+)`", types)) == set(column_types())
