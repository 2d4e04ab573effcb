"""Airflow with its UI on loopback, in the background: four processes that belong to one home folder."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huitou.errors import TransientError, UserError
from huitou.orchestration import scheduler_lock
from huitou.orchestration.environment import (
    airflow_home,
    child_environment,
    start_metadata_server,
    write_once,
)
from huitou.orchestration.scheduler_lock import UI, SchedulerBusy
from huitou.settings import Settings

USER = "admin"
# Logs are read from the disk of this machine: no component has to serve them on a port.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}
START_SECONDS = 120.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class UiInfo:
    """Where the UI is and how to get in."""

    url: str
    user: str
    password: str


def start_ui(settings: Settings) -> UiInfo:
    """Start Airflow and return when it is healthy; if it runs already, only say where.

    Raises ``UserError`` when a night is running or the port is taken, and ``TransientError`` when a part
    does not come up; nothing is left running then.
    """
    try:
        lock = scheduler_lock.take(settings, UI)
    except SchedulerBusy as busy:
        if busy.holder != UI:
            raise
        return _info(settings)
    with lock:
        _check_port(settings.ui_port)
        start_metadata_server(settings)
        _make_password(settings)
        _migrate(settings)
        processes = {name: _launch(settings, name, lock.fileno()) for name in COMPONENTS}
        _pid_file(settings).write_text(
            json.dumps({"port": settings.ui_port, "pids": {n: p.pid for n, p in processes.items()}})
        )
    try:
        _wait_healthy(settings, processes)
    except BaseException:
        stop_ui(settings)
        raise
    return _info(settings)


def stop_ui(settings: Settings) -> bool:
    """Stop what ``start_ui`` started, running tasks included; returns whether there was anything to stop."""
    if scheduler_lock.holder(settings) != UI:
        _pid_file(settings).unlink(missing_ok=True)
        return False
    pids = _running(settings)["pids"].values()
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        for pid in pids:
            # Each part leads a session of its own, so its workers go with it.
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if scheduler_lock.holder(settings) is None:
                _pid_file(settings).unlink(missing_ok=True)
                return True
            time.sleep(0.1)
    raise TransientError(f"Airflow did not stop; its processes are listed in {_pid_file(settings)}.")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UserError(
                f"Port {port} cannot be used ({error.strerror}): set HUITOU_UI_PORT to a free port."
            ) from None


def _make_password(settings: Settings) -> None:
    path = airflow_home(settings) / "passwords.json"
    if not path.exists():
        write_once(path, json.dumps({USER: secrets.token_urlsafe(12)}))


def _migrate(settings: Settings) -> None:
    log = _log(settings, "migrate")
    with log.open("ab") as out:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode:
        raise TransientError(f"Airflow's metadata database could not be made ready; {log} says why.")


def _launch(settings: Settings, name: str, lock: int) -> subprocess.Popen[bytes]:
    with _log(settings, name).open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "airflow", name, *COMPONENTS[name]],
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            # The lock lasts as long as any part of Airflow does.
            pass_fds=[lock],
        )


def _wait_healthy(settings: Settings, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for name, process in processes.items():
            if process.poll() is not None:
                raise TransientError(f"Airflow's {name} ended at once; {_log(settings, name)} says why.")
        if not _unhealthy(settings.ui_port):
            return
        time.sleep(0.3)
    waiting = ", ".join(_unhealthy(settings.ui_port))
    raise TransientError(f"Airflow was not healthy after {START_SECONDS:.0f} s (waiting for {waiting}).")


def _unhealthy(port: int) -> list[str]:
    """Parts that do not report to be healthy; all of them while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except (OSError, ValueError):
        return ["api-server"]
    return sorted(name for name, part in parts.items() if part.get("status") != "healthy")


def _info(settings: Settings) -> UiInfo:
    passwords = json.loads((airflow_home(settings) / "passwords.json").read_text())
    return UiInfo(f"http://127.0.0.1:{_running(settings)['port']}", USER, passwords[USER])


def _running(settings: Settings) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_pid_file(settings).read_text())
    except FileNotFoundError:
        raise TransientError("Airflow is being started or stopped by another command: try again.") from None
    return found


def _pid_file(settings: Settings) -> Path:
    return airflow_home(settings) / "ui.json"


def _log(settings: Settings, name: str) -> Path:
    path = settings.home / "logs" / f"airflow-{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
