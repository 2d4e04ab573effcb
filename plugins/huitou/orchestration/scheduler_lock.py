"""One scheduler a home folder: either a night in a terminal, or Airflow behind its UI.

Two schedulers on one metadata database are something Airflow can do, but a night that is busy with a long
task sends no sign of life, and the other would take its tasks for orphans and run them a second time.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from huitou.errors import UserError
from huitou.orchestration.environment import airflow_home
from huitou.settings import Settings

NIGHT = "night"
UI = "ui"


class SchedulerBusy(UserError):
    """Another process schedules; ``holder`` says which kind."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        what = (
            "Airflow's UI is running with its own scheduler: start the night there (trigger ingest_feeds with the "
            "business date as partition key), or stop it first with `huitou ui stop`."
            if holder == UI
            else "A night is running in this home folder: wait for it, or stop it with Ctrl-C there."
        )
        super().__init__(what)


def take(settings: Settings, holder: str) -> IO[str]:
    """Take the lock for ``holder``; it is held until the file and every copy of its descriptor are closed.

    The system lets go of it when the holder dies, however it dies. Raises ``SchedulerBusy``.
    """
    path = _path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): check HUITOU_HOME.") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        found = file.read()
        file.close()
        raise SchedulerBusy(found) from None
    file.truncate(0)
    file.write(holder)
    file.flush()
    return file


def holder(settings: Settings) -> str | None:
    """Who holds the lock now, if anybody."""
    try:
        take(settings, "").close()
    except SchedulerBusy as busy:
        return busy.holder
    return None


def _path(settings: Settings) -> Path:
    return airflow_home(settings) / "scheduler.lock"
