"""Run nights from the command line: the same DAGs as on a server, in this process, one date after another."""

from __future__ import annotations

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from huitou.errors import TransientError, UserError
from huitou.orchestration import scheduler_lock
from huitou.orchestration.environment import airflow_environment, start_metadata_server
from huitou.orchestration.events import Listener, NightEvent, NightOutcome
from huitou.orchestration.nightlog import NIGHT_LOG, captured, terminal
from huitou.settings import Settings, export

FIRST_DAG = "ingest_feeds"
# Nights use parts of Airflow that may change in any release.
AIRFLOW_VERSION = "3.3.2"


def _ignore(event: NightEvent) -> None:
    """What happens when nobody listens."""


def run_nights(
    settings: Settings, dates: list[date], on_event: Listener = _ignore, first_dag: str = FIRST_DAG
) -> list[NightOutcome]:
    """Run the chain for each date in the order given; a night that fails is the last one run.

    ``on_event`` hears what happens, with stdout and stderr its own while it speaks; everything else goes to
    ``logs/night-<date>.log`` in the home folder. Returns one outcome a night that was run.
    Raises ``UserError`` when another night or Airflow's UI is running, when a DAG file is broken or Airflow
    is not the release that this was built for, and ``TransientError`` when its database does not answer.
    On SIGINT (``KeyboardInterrupt``) or SIGTERM (``SystemExit``) the night is recorded as failed first.
    """
    if not dates:
        return []
    _check_version()
    out, err = sys.stdout, sys.stderr

    with scheduler_lock.take(settings, scheduler_lock.NIGHT), _patient_collector() as settled:

        def tell(event: NightEvent) -> None:
            if event.kind == "task_done":
                settled()
            with terminal(out, err):
                on_event(event)

        start_metadata_server(settings)
        with captured(_log_path(settings, dates[0])), _Interruption() as interruption:
            export(airflow_environment(settings))
            try:
                return _run(settings, dates, tell, first_dag, interruption)
            except Exception as error:
                if type(error).__module__.startswith("sqlalchemy."):
                    raise TransientError(_database_lost(error)) from None
                raise


def _run(
    settings: Settings, dates: list[date], tell: Listener, first_dag: str, interruption: _Interruption
) -> list[NightOutcome]:
    from airflow.logging_config import configure_logging

    from huitou.orchestration import metadata
    from huitou.orchestration.runner import EXECUTOR_CLASS, NightRun

    configure_logging()
    metadata.migrate()
    if metadata.other_scheduler(EXECUTOR_CLASS):
        raise UserError(
            "A scheduler is at work on this metadata database: start the night there, by triggering "
            "ingest_feeds with the business date as partition key."
        )
    metadata.sweep(EXECUTOR_CLASS)
    dags = metadata.sync_dags()
    if first_dag not in dags:
        raise UserError(f"The DAGs folder has no DAG {first_dag}, which begins the night.")
    outcomes: list[NightOutcome] = []
    for day in dates:
        outcome = NightOutcome(day, _log_path(settings, day))
        NIGHT_LOG.to(outcome.log)
        tell(NightEvent("night_started", day))
        try:
            NightRun(dags, first_dag, outcome, tell, interruption.asked).run()
        finally:
            if not outcome.ok:
                metadata.sweep(EXECUTOR_CLASS)
        outcomes.append(outcome)
        tell(NightEvent("night_ended", day, seconds=outcome.total_seconds, message=outcome.error))
        if not outcome.ok or interruption.asked():
            break
    return outcomes


class _Interruption:
    """Remembers SIGINT and SIGTERM. A task that is running is broken off; Airflow would take that for a
    failure of the task and go on, so the scheduler asks here before it hands out the next one."""

    def __init__(self) -> None:
        self._signal = 0
        self._kept: dict[int, Any] = {}

    def __enter__(self) -> _Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._kept[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._kept.items():
            signal.signal(number, handler)
        if not self._signal or (kind and not issubclass(kind, KeyboardInterrupt)):
            return
        if self._signal == signal.SIGTERM:
            raise SystemExit(128 + signal.SIGTERM)
        raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signal = number
        raise KeyboardInterrupt

    def asked(self) -> bool:
        """Whether somebody wants the night to end."""
        return self._signal != 0


@contextmanager
def _patient_collector() -> Iterator[Callable[[], None]]:
    """Keep the garbage collector from walking Airflow's modules again and again (a third of a short night).

    The function handed out sets it to work on what comes later. What was made here is left to the end of
    the process, which comes soon after the last night.
    """

    def settled() -> None:
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    gc.disable()
    try:
        yield settled
    finally:
        gc.freeze()
        gc.enable()


def _database_lost(error: Exception) -> str:
    # Only the driver's own words: the statement and its values stay out of the terminal.
    said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return f"Airflow's metadata database failed during the night ({said}): run the same dates again."


def _log_path(settings: Settings, day: date) -> Path:
    return settings.home / "logs" / f"night-{day.isoformat()}.log"


def _check_version() -> None:
    found = version("apache-airflow")
    if found != AIRFLOW_VERSION:
        raise UserError(
            f"Nights in one process need apache-airflow {AIRFLOW_VERSION}, and {found} is installed: "
            "install requirements.txt, or run the nights through Airflow's own scheduler."
        )
