"""A metadata database and a home folder for Airflow, and a way to run nights in another process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from huitou.orchestration.environment import DAGS_FOLDER, METADATA_DSN
from huitou.warehouse.embedded import EmbeddedServer

HERE = Path(__file__).parent


@dataclass
class Place:
    """Where the nights of one test module live."""

    home: Path
    metadata: str
    warehouse: str
    more: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HUITOU_HOME": str(self.home),
            "HUITOU_WAREHOUSE_DSN": self.warehouse,
            METADATA_DSN: self.metadata.replace("postgresql://", "postgresql+psycopg2://", 1),
            DAGS_FOLDER: str(HERE / "chain"),
            **self.more,
        }

    def start(self, *calls: dict[str, Any]) -> subprocess.Popen[str]:
        """Begin the calls of ``run_nights`` in a process of their own."""
        process = subprocess.Popen(
            [sys.executable, str(HERE / "drive_nights.py"), json.dumps(calls)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def nights(self, *calls: dict[str, Any]) -> list[dict[str, Any]]:
        """Run the calls to their end and return what was heard, one entry a call."""
        with self.start(*calls) as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert err == "", "nothing but the listener may speak in the terminal"
        return [json.loads(line) for line in out.splitlines()]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of Airflow's metadata database."""
        with psycopg.connect(self.metadata) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def make_place(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Place]]:
    """Makes places, each with two databases of its own; they go with the server."""
    made: list[Place] = []

    def make() -> Place:
        name = f"o_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            for suffix, source in (("_airflow", "template1"), ("_warehouse", template)):
                admin.execute(
                    sql.SQL("create database {} template {}").format(
                        sql.Identifier(name + suffix), sql.Identifier(source)
                    )
                )
        home = tmp_path_factory.mktemp("home")
        made.append(Place(home, server.url(name + "_airflow"), server.url(name + "_warehouse")))
        return made[-1]

    yield make
    for process in [process for place in made for process in place.started]:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def place(make_place: Callable[[], Place]) -> Place:
    """The module's own place."""
    return make_place()
