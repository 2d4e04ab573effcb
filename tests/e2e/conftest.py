"""A home of its own, driven by the command line as a person would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from huitou.settings import PROJECT_ROOT, Settings
from huitou.warehouse.connection import connect

TABLES = "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
DIGEST = "select md5(coalesce(string_agg(r::text, chr(10) order by r::text), '')) from marts.{} as r"


class Home:
    """One HUITOU_HOME and the commands run in it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = {"HUITOU_HOME": str(folder), "HUITOU_DB_DURABLE": "false"} | variables

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HUITOU_", "AIRFLOW", "PYTHONDONTWRITE"))}
        return kept | self.variables

    @property
    def settings(self) -> Settings:
        return Settings.from_env(self.variables)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "huitou.cli", *arguments]

    def run(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment | variables,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str, **variables: str) -> Any:
        return json.loads(self.run(*arguments, "--json", **variables).stdout.splitlines()[-1])

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        with connect(self.settings) as opened:
            yield opened

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection() as opened:
            return opened.execute(query.encode()).fetchall()

    def marts(self) -> dict[str, str]:
        """A digest of every table that readers see."""
        return {name: self.rows(DIGEST.format(name))[0][0] for (name,) in self.rows(TABLES)}

    def accepted(self) -> list[dict[str, Any]]:
        """The provider's own ledger: the only witness of what left."""
        ledger = self.folder / "sandbox" / "accepted.jsonl"
        text = ledger.read_text(encoding="utf-8") if ledger.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        self.run("sandbox", "stop", check=False)
        self.run("db", "stop", "--remove", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def new_home(**variables: str) -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="he-"))
    folder.chmod(0o711)
    home = Home(folder, **variables)
    try:
        yield home
    finally:
        home.close()


@pytest.fixture
def home() -> Iterator[Home]:
    with new_home() as made:
        yield made
