"""Start, stop and look at the sandbox of a home; for the command line and for tests."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from huitou.errors import TransientError, UserError

START_SECONDS = 20.0
STOP_SECONDS = 10.0
PORT_TAKEN, ALREADY_RUNNING, BAD_FAULTS = 3, 4, 5
PLUGINS = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SandboxStatus:
    """Where the sandbox of a home is, and how many messages its ledger holds; all None while it does not run."""

    url: str | None = None
    pid: int | None = None
    accepted: int | None = None

    @property
    def running(self) -> bool:
        return self.url is not None


def start_sandbox(
    home: Path, port: int | None = None, faults: Sequence[Mapping[str, Any]] | None = None
) -> SandboxStatus:
    """Make sure that the sandbox of ``home`` runs, and give its address once it answers.

    ``port`` None takes a free one. ``faults`` is a fault plan (docs/delivery.md); given to a sandbox that runs
    already, it takes the place of the one in force. Raises ``UserError`` where the port is taken.
    """
    home = home.absolute()
    now = status(home)
    if not now.running:
        _spawn(home, port, faults or ())
        now = status(home)
    elif faults is not None:
        _ask(now.url, "POST", "/faults", json.dumps(list(faults)))
    _require_port(now, port)
    return now


def stop_sandbox(home: Path) -> bool:
    """Stop the sandbox of ``home``; False where none ran. Its ledger stays."""
    now = status(home)
    if now.pid is None:
        return False
    os.kill(now.pid, signal.SIGTERM)
    ends = time.monotonic() + STOP_SECONDS
    while time.monotonic() < ends:
        if _is_gone(home):
            return True
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.kill(now.pid, signal.SIGKILL)
    return True


def status(home: Path) -> SandboxStatus:
    """What answers at the address that the sandbox of ``home`` left."""
    try:
        address = json.loads((home / "sandbox" / "address.json").read_text())
        health = _ask(address["url"], "GET", "/health")
        if health.get("pid") != address["pid"]:
            return SandboxStatus()
        accepted = _ask(address["url"], "GET", "/ledger/count")["count"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return SandboxStatus()
    return SandboxStatus(address["url"], address["pid"], accepted)


def _spawn(home: Path, port: int | None, faults: Sequence[Mapping[str, Any]]) -> None:
    place = home / "sandbox"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-m", "huitou.sandbox.server", "--home", str(home)]
    command += ["--port", str(port or 0), "--faults", json.dumps(list(faults))]
    process = _launch(command, place)
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        now = status(home)
        if now.running:
            if now.pid != process.pid:
                # Another start won the race; this one must not take over when that sandbox is stopped.
                process.kill()
                process.wait()
            return
        if process.poll() == ALREADY_RUNNING:
            # Another start is on its way up, or a stopped sandbox on its way down.
            time.sleep(0.1)
            process = _launch(command, place)
        elif process.poll() is not None:
            raise _explained(process.returncode, port, place)
        time.sleep(0.05)
    raise TransientError(f"The sandbox did not answer within {START_SECONDS:.0f} s; see {place / 'server.log'}.")


def _launch(command: list[str], place: Path) -> subprocess.Popen[bytes]:
    with (place / "server.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=PLUGINS,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _explained(code: int, port: int | None, place: Path) -> UserError | TransientError:
    if code == PORT_TAKEN:
        return UserError(f"Port {port} is taken: stop what listens there, or start the sandbox on another port.")
    if code == BAD_FAULTS:
        return UserError((place / "server.log").read_text().strip())
    return TransientError(f"The sandbox ended at once (exit code {code}); see {place / 'server.log'}.")


def _require_port(now: SandboxStatus, port: int | None) -> None:
    if port is not None and now.url is not None and urlsplit(now.url).port != port:
        raise UserError(f"A sandbox of this home runs already at {now.url}; stop it first to move it.")


def _is_gone(home: Path) -> bool:
    """The process holds this lock as long as it lives, also while it no longer listens."""
    with (home / "sandbox" / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _ask(url: str | None, method: str, path: str, body: str | None = None) -> dict[str, Any]:
    where = urlsplit(url or "")
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=3)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    finally:
        connection.close()
    if response.status != 200:
        raise UserError(f"The sandbox refused: {answer.get('detail', answer.get('code'))}.")
    return answer
