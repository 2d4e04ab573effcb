"""What every DAG shares: owner, tags, retries, the failure callback, and when a night begins."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

from airflow.sdk import CronPartitionTimetable

log = logging.getLogger(__name__)

OWNER = "data-platform"
SHOP_ZONE = "Asia/Shanghai"
NIGHT_CRON = "0 2 * * *"
RETRIES = 2
RETRY_DELAY = timedelta(minutes=1)


class Tag(StrEnum):
    """The tags a DAG may carry, so that the UI's filter stays short."""

    NIGHTLY = "nightly"
    INGEST = "ingest"
    TRANSFORM = "transform"
    CAMPAIGNS = "campaigns"
    DELIVERY = "delivery"


def report_failure(context: dict[str, Any]) -> None:
    """Say in the log which step of which business date failed and where the remedy is written."""
    instance, run = context["ti"], context["dag_run"]
    log.error(
        "%s.%s failed for business date %s: %s (what to do: docs/dags.md)",
        instance.dag_id,
        instance.task_id,
        run.partition_key,
        context.get("exception"),
    )


def night_timetable() -> CronPartitionTimetable:
    """02:00 shop time; the partition key is the day that has just closed, so the tick's date minus one.

    ``run_offset=-1`` steps one tick back and the key is formatted in the timetable's own zone.
    ``run_immediately`` of zero keeps a first start between ticks from making up a night by itself.
    """
    return CronPartitionTimetable(
        NIGHT_CRON, timezone=SHOP_ZONE, run_offset=-1, run_immediately=timedelta(0), key_format="%Y-%m-%d"
    )


def night_dag(tags: Iterable[Tag], doc: str | None) -> dict[str, Any]:
    """Keyword arguments of ``@dag`` for one link of the night's chain; ``doc`` is the file's docstring."""
    return {
        "catchup": False,
        "max_active_runs": 1,
        "tags": sorted(tag.value for tag in {Tag.NIGHTLY, *tags}),
        "doc_md": doc,
        "default_args": {
            "owner": OWNER,
            "retries": RETRIES,
            "retry_delay": RETRY_DELAY,
            "on_failure_callback": report_failure,
        },
    }
