"""What a caller hears while nights run, and what is left when they are over. No Airflow in sight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class NightEvent:
    """Something that has just happened. ``task`` is ``dag.task`` or ``dag.task[map]``, empty for a night."""

    kind: Literal["night_started", "task_started", "task_done", "task_retry", "task_failed", "night_ended"]
    business_date: date
    task: str = ""
    seconds: float = 0.0
    message: str = ""


Listener = Callable[[NightEvent], None]


@dataclass
class NightOutcome:
    """How one night ended. ``seconds`` holds the last try of each task, in the order they ran."""

    business_date: date
    log: Path
    ok: bool = False
    failed_task: str = ""
    error: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    total_seconds: float = 0.0
