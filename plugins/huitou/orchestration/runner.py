"""One night in this process: Airflow's real scheduler, our executor, until the chain is idle.

The scheduler brings what matters of Airflow (asset and partition triggers, retries, mapped tasks, states in
the metadata database that the UI shows later) without a web server and without a process start per task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.jobs.job import Job, run_job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.sdk.timezone import utcnow
from airflow.utils.types import DagRunTriggeredByType

from huitou.orchestration import metadata
from huitou.orchestration.events import NightEvent, NightOutcome
from huitou.orchestration.inline import Hooks, InlineExecutor, Ran

EXECUTOR_CLASS = f"{InlineExecutor.__module__}.{InlineExecutor.__qualname__}"
# The chain has ended when no run is unfinished in this many rounds in a row: a satisfied asset event
# becomes a run in the very next round.
IDLE_ROUNDS = 2
IDLE_SLEEP_SECONDS = 0.02
# Nothing in a night waits this long for its turn; if it does, something is stuck and waiting will not help.
STALL_SECONDS = 120.0

Tell = Callable[[NightEvent], None]


class NightScheduler(SchedulerJobRunner):  # type: ignore[misc]
    """Airflow's scheduler, but signals stay with whoever called for the night."""

    def register_signals(self) -> ExitStack:
        return ExitStack()


class NightRun:
    """Runs the chain that ``first_dag`` begins for one business date and keeps book of its tasks."""

    def __init__(
        self, dags: Mapping[str, Any], first_dag: str, outcome: NightOutcome, tell: Tell, stop: Callable[[], bool]
    ) -> None:
        self._dags, self._first_dag = dags, first_dag
        self._outcome, self._tell, self._stop = outcome, tell, stop
        self._idle_rounds = 0
        self._last_work = time.monotonic()
        self._scheduler: NightScheduler | None = None

    def run(self) -> None:
        """Trigger the first DAG and schedule until nothing is left to do; fills the outcome."""
        key = self._outcome.business_date.isoformat()
        before = metadata.last_run_id()
        trigger_dag(
            self._first_dag,
            triggered_by=DagRunTriggeredByType.CLI,
            run_id=f"night__{key}__{utcnow().isoformat()}",
            run_after=utcnow(),
            partition_key=key,
        )
        hooks = Hooks(self._starts, self._ran, self._idle, self._stop)
        job = Job(executor_class=EXECUTOR_CLASS)
        self._scheduler = NightScheduler(
            job=job,
            num_runs=-1,
            scheduler_idle_sleep_time=IDLE_SLEEP_SECONDS,
            executors=[InlineExecutor(self._dags, hooks)],
        )
        began = time.monotonic()
        run_job(job=job, execute_callable=self._scheduler._execute)
        self._outcome.total_seconds = time.monotonic() - began
        self._judge(metadata.run_states(before, key))

    def _starts(self, task: str) -> None:
        self._event("task_started", task)

    def _ran(self, ran: Ran) -> None:
        self._last_work = time.monotonic()
        self._outcome.seconds[ran.task] = ran.seconds
        message = "" if ran.error is None else _one_line(ran.error)
        if ran.state == "up_for_retry":
            self._event("task_retry", ran.task, ran.seconds, message)
        elif ran.state == "failed":
            if not self._outcome.failed_task:
                self._outcome.failed_task = ran.task
                self._outcome.error = message or "the task could not be run"
            self._event("task_failed", ran.task, ran.seconds, message)
        else:
            self._event("task_done", ran.task, ran.seconds)

    def _idle(self) -> None:
        waiting = metadata.unfinished_runs()
        self._idle_rounds = 0 if waiting else self._idle_rounds + 1
        stalled = time.monotonic() - self._last_work > STALL_SECONDS
        if stalled and waiting:
            self._outcome.error = f"{waiting} DAG runs have waited {STALL_SECONDS:.0f} s without a task to run"
        if self._idle_rounds >= IDLE_ROUNDS or stalled or self._stop():
            assert self._scheduler is not None
            self._scheduler.num_runs = 1

    def _judge(self, states: Mapping[str, str]) -> None:
        expected = chain_of(self._first_dag, metadata.asset_edges())
        missing = sorted(dag_id for dag_id in expected if states.get(dag_id) != "success")
        self._outcome.ok = not missing
        if missing and not self._outcome.error:
            self._outcome.error = "not finished: " + ", ".join(missing)

    def _event(self, kind: Any, task: str, seconds: float = 0.0, message: str = "") -> None:
        self._tell(NightEvent(kind, self._outcome.business_date, task, seconds, message))


def chain_of(first_dag: str, edges: set[tuple[str, str]]) -> set[str]:
    """Ids of the DAGs that follow from ``first_dag``, itself included; an edge is (producer, consumer)."""
    found, ahead = {first_dag}, [first_dag]
    while ahead:
        producer = ahead.pop()
        fresh = {consumer for left, consumer in edges if left == producer} - found
        found |= fresh
        ahead.extend(fresh)
    return found


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
