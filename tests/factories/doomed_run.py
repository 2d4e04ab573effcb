"""Run as a program: one ingest, publication or build that kills itself without warning (SIGKILL) behind a point.

``python doomed_run.py WHAT DATE PLACE [NTH]``; PLACE is the point's place in its tuple. Settings come from the environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from factories import kill_points
from factories.kill_points import Point
from huitou.settings import Settings, process_environment
from huitou.sources.ingest import ingest
from huitou.transform.build import build
from huitou.warehouse.publish import publish

MARTS = ("first_mart", "second_mart", "view_of_first")
RUNS: dict[str, tuple[tuple[Point, ...], Callable[[Settings, date], object]]] = {
    "ingest": (kill_points.INGEST, lambda settings, night: ingest(settings, "orders", night)),
    "publication": (kill_points.PUBLICATION, lambda settings, night: publish(settings, night, MARTS)),
    "build": (kill_points.BUILD, build),
}


def run_doomed(settings: Settings, what: str, night: date, at: int, nth: int = 1) -> None:
    """Start the program and see it die as it was told to, and of nothing else."""
    environment = process_environment() | settings.environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, __file__, what, night.isoformat(), str(at), str(nth)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


def main(what: str, night: str, at: str, nth: str) -> None:
    points, run = RUNS[what]
    points[int(at)].plant(pytest.MonkeyPatch(), lambda: os.kill(os.getpid(), signal.SIGKILL), int(nth))
    run(Settings.from_env(), date.fromisoformat(night))


if __name__ == "__main__":
    main(*sys.argv[1:])
