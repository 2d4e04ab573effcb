"""An executor that runs each task in the scheduler's own process, one after the other.

It uses parts of Airflow that carry no promise (``_run_task``, the executor's workload queue); they are
pinned with the version in ``runner`` and held by the end-to-end tests.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.executors.base_executor import BaseExecutor
from airflow.models.taskinstance import TaskInstance
from airflow.sdk.definitions.dag import _run_task
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState

from huitou.orchestration.nightlog import NIGHT_LOG

# The DAGs wait a minute before a retry; somebody who sits before the terminal does not want to.
RETRY_SECONDS = 2.0
# Tasks run one by one whatever this says; it is how many may be handed over in one scheduling round.
BATCH = 64


@dataclass
class Ran:
    """One try of one task: where it stands, how long it took, what it raised."""

    task: str
    state: str
    seconds: float
    error: BaseException | None = None


@dataclass
class Hooks:
    """What the executor calls: before a try, after a try, and when a round had nothing to run."""

    starts: Callable[[str], None]
    ran: Callable[[Ran], None]
    idle: Callable[[], None]
    stopping: Callable[[], bool] = field(default=lambda: False)


class InlineExecutor(BaseExecutor):  # type: ignore[misc]
    """Runs workloads inside ``heartbeat``; every task writes its own state through the execution API."""

    is_local = True

    def __init__(self, dags: Mapping[str, Any], hooks: Hooks) -> None:
        super().__init__(parallelism=BATCH)
        self._dags = dags
        self._hooks = hooks

    def _process_workloads(self, workload_items: Sequence[Any]) -> None:
        for workload in workload_items:
            self.queued_tasks.pop(workload.ti.key, None)
            if not self._hooks.stopping():
                self._run(workload.ti)
                # The scheduler only asks whether the worker came back; the task wrote its own state.
                self.change_state(workload.ti.key, TaskInstanceState.SUCCESS)

    def _run(self, key: Any) -> None:
        name = f"{key.dag_id}.{key.task_id}"
        with create_session() as session:
            instance = session.get(TaskInstance, key.id)
            session.expunge(instance)
        self._hooks.starts(name if key.map_index < 0 else f"{name}[{key.map_index}]")
        began = time.monotonic()
        with NIGHT_LOG.copied(_log_of(key)), _sigterm_stays_ours():
            task = self._dags[key.dag_id].get_task(key.task_id)
            result = _run_task(ti=instance, task=task, run_triggerer=True)
        seconds = time.monotonic() - began
        if key.map_index >= 0:
            label = result.ti.rendered_map_index if result else None
            name = f"{name}[{key.map_index if label is None else label}]"
        if result is None:
            self._hooks.ran(Ran(name, TaskInstanceState.FAILED.value, seconds))
            return
        if result.state == TaskInstanceState.UP_FOR_RETRY:
            _retry_soon(key)
        self._hooks.ran(Ran(name, TaskInstanceState(result.state).value, seconds, result.error))

    def heartbeat(self) -> None:
        """Run what is queued; tell the hooks when there was nothing."""
        had_work = bool(self.queued_tasks)
        super().heartbeat()
        if not had_work:
            self._hooks.idle()

    def sync(self) -> None:
        """Nothing runs elsewhere, so there is nothing to ask for."""

    def end(self) -> None:
        """Nothing outlives ``heartbeat``."""

    def terminate(self) -> None:
        """Nothing outlives ``heartbeat``."""


@contextlib.contextmanager
def _sigterm_stays_ours() -> Iterator[None]:
    """Airflow's task runner owns its process and takes SIGTERM for the task; here the process is the night's."""
    set_handler = signal.signal

    def leave_sigterm(number: int, handler: Any) -> Any:
        return signal.getsignal(number) if number == signal.SIGTERM else set_handler(number, handler)

    signal.signal = leave_sigterm  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_handler


def _log_of(key: Any) -> Path:
    """Where Airflow's default log template has the log of this try."""
    run = Path(conf.get_mandatory_value("logging", "base_log_folder"), f"dag_id={key.dag_id}", f"run_id={key.run_id}")
    task = run / f"task_id={key.task_id}"
    if key.map_index >= 0:
        task /= f"map_index={key.map_index}"
    return task / f"attempt={key.try_number}.log"


def _retry_soon(key: Any) -> None:
    # By name, not by id: each try of a task has an id of its own.
    with create_session() as session:
        session.query(TaskInstance).filter_by(
            dag_id=key.dag_id, task_id=key.task_id, run_id=key.run_id, map_index=key.map_index
        ).update({TaskInstance.retry_delay_override: RETRY_SECONDS})
