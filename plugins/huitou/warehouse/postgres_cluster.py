"""The data folder of the embedded server: made whole, started on a free port, found again while it runs."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from huitou.errors import UserError
from huitou.warehouse.postgres_place import Place
from huitou.warehouse.postgres_programs import MAJOR, Programs

HOST = "127.0.0.1"
USER = "huitou"
START_SECONDS = 120
LAUNCHES = 50
BIG_LOG = 10_000_000
# Written once into the new server's postgresql.conf, where its owner may change them.
TUNING = {
    "shared_buffers": "256MB",  # a night's hot tables, and still small beside Airflow
    "work_mem": "32MB",  # sorts and joins of a big shop's history in memory, on few connections
    "max_wal_size": "2GB",  # one big build should not end in a storm of checkpoints
    "wal_level": "minimal",  # nobody replicates it, so a load into a new table skips the log
    "max_wal_senders": "0",
    "jit": "off",  # compiling costs more than these queries
    "io_method": "sync",  # what it reads is in the system's cache: to ask another process costs more than to read
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement or the detail of its error may quote a row, and rows may be about people.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Passing by themselves: another program took the port in between; sessions of a killed server are leaving.
PASSING = ("Address already in use", "pre-existing shared memory")


@dataclass(frozen=True)
class Running:
    """A live server: its process and its port on loopback."""

    pid: int
    port: int


def running(data: Path) -> Running | None:
    """The server of this data folder, from the file that PostgreSQL keeps there while it runs."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        found = Running(int(lines[0]), int(lines[3]))
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return found if _exists(found.pid) and _lives_in(found.pid, data) else None


def create(place: Place, tools: Programs, durable: bool) -> None:
    """Make the data folder whole or not at all: a killed attempt is thrown away by the next."""
    for unfinished in place.base.glob("new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    if place.data.exists():
        _refuse_other_version(place.data)
        return
    work = Path(tempfile.mkdtemp(prefix="new-", dir=place.base))
    password = secrets.token_urlsafe(24)
    _write_private(work / "password", password)
    tools.give(work, work / "password")
    _initdb(work, tools, durable)
    place.password.unlink(missing_ok=True)
    _write_private(place.password, password)
    (work / "data").rename(place.data)
    descriptor = os.open(place.base, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    shutil.rmtree(work)


def launch(place: Place, tools: Programs, durable: bool, wanted: int | None) -> None:
    """Start the server on ``wanted`` or a free port, detached from the caller, and wait until it is ready."""
    _drop_stolen_pid(place.data)
    for attempt in range(LAUNCHES):
        port = _free_port(place, wanted)
        said = _launched(place, tools, durable, port)
        if said is None:
            (place.base / "port").write_text(str(port), encoding="ascii")
            return
        if attempt == LAUNCHES - 1 or not any(sign in said for sign in PASSING):
            raise failure(f"did not start (log: {place.log})", said)
        time.sleep(0.2)


def failure(what: str, said: str) -> UserError:
    """The last words of a program as one line."""
    if "No space left on device" in said:
        return UserError(f"The embedded server {what}: the disk is full. Make room, then start it again.")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("pg_ctl:", "Examine the log"))]
    return UserError(f"The embedded server {what}: {' / '.join((telling or lines)[-3:])}")


def _initdb(work: Path, tools: Programs, durable: bool) -> None:
    options = [f"--set={name}={value}" for name, value in TUNING.items()]
    options += [f"--username={USER}", f"--pwfile={work / 'password'}", "--auth=scram-sha-256", "--encoding=UTF8"]
    options += [] if durable else ["--no-sync"]
    # The server's own rules of UTF-8, the same on every machine; text sorts by code points, a third faster than by libc.
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    made = tools.run("initdb", work / "data", *locale, *options)
    if made.returncode != 0:
        raise failure("could not be created", made.stdout)


def _launched(place: Place, tools: Programs, durable: bool, port: int) -> str | None:
    """Start once. None when the server is ready, else what it said."""
    switch = "on" if durable else "off"
    options = {"port": str(port), "listen_addresses": HOST, "unix_socket_directories": ""}
    options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), switch)
    line = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    if place.log.exists() and place.log.stat().st_size > BIG_LOG:
        place.log.replace(f"{place.log}.1")
    descriptor = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        before = log.seek(0, os.SEEK_END)
        arguments = ("--wait", "--silent", f"--timeout={START_SECONDS}", "-o", line)
        done = tools.run("pg_ctl", place.data, "start", *arguments, output=log)
    if done.returncode == 0:
        return None
    with place.log.open("rb") as log:
        log.seek(before)
        return log.read().decode(errors="replace")


def _free_port(place: Place, wanted: int | None) -> int:
    if wanted is not None:
        if not _is_free(wanted):
            raise UserError(
                f"Port {wanted} (HUITOU_DB_PORT) is taken or not allowed: stop the program that has it, "
                "choose another port, or unset HUITOU_DB_PORT to take a free one."
            )
        return wanted
    # The port of last time, so that whoever noted the address finds the server again.
    last = place.base / "port"
    text = last.read_text(encoding="ascii") if last.exists() else ""
    if text.isdigit() and _is_free(int(text)):
        return int(text)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _exists(pid: int) -> bool:
    """Whether there is such a process of ours; one that we may not signal is somebody else's."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _lives_in(pid: int, data: Path) -> bool:
    """Whether the process works in that folder, as a server does: after a crash its number may be another's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") == os.path.realpath(data)
    except FileNotFoundError:
        # A dead process that nobody has waited for has no folder; a machine without /proc cannot say.
        return not Path("/proc/self").exists()
    except OSError:
        return True


def _drop_stolen_pid(data: Path) -> None:
    """PostgreSQL clears up after a dead process by itself, but stops where another program has its number."""
    file = data / "postmaster.pid"
    if file.exists():
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        if first.isdigit() and _exists(int(first)):
            file.unlink()


def _refuse_other_version(data: Path) -> None:
    file = data / "PG_VERSION"
    made_by = file.read_text(encoding="ascii").strip() if file.exists() else "an unknown version"
    if made_by != str(MAJOR):
        raise UserError(
            f"{data} was made by PostgreSQL {made_by} and this Huitou brings {MAJOR}: dump it with the version "
            "that made it and load the dump into a new home."
        )


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
