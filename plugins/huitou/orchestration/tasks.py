"""What the DAGs' tasks call: the same functions as the command line, with the business date from the run.

Each function returns a small dict of counts (it becomes the task's XCom), never rows.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any

from huitou.errors import HuitouError, TransientError, UserError
from huitou.settings import Settings

Counts = dict[str, Any]


def business_date(partition_key: str | None) -> date:
    """The run's partition key as a date. Raises ``UserError`` when a run was started without one."""
    try:
        return date.fromisoformat(partition_key or "")
    except ValueError:
        raise UserError(
            f"The run's partition key is {partition_key!r}, and must be the business date as YYYY-MM-DD: "
            "trigger ingest_feeds with a partition key, or run `huitou night --date YYYY-MM-DD`."
        ) from None


def run_step(call: Callable[[Settings, date], Counts], partition_key: str | None) -> Counts:
    """Make the warehouse ready and call one step.

    ``TransientError`` and unforeseen errors go up as they are and are retried; an error that a retry
    cannot mend becomes ``AirflowFailException``. A database error is raised anew without its text, because
    PostgreSQL quotes values of the row at fault and a log is no place for them.
    """
    from huitou.ready import ensure_ready

    try:
        day = business_date(partition_key)
        settings = Settings.from_env()
        ensure_ready(settings)
        return call(settings, day)
    except TransientError:
        raise
    except HuitouError as error:
        raise _beyond_retry(error) from None
    except Exception as error:
        sqlstate = getattr(error, "sqlstate", None)
        if sqlstate is None:
            raise
        raise RuntimeError(_without_values(error, sqlstate)) from None


def _beyond_retry(error: HuitouError) -> Exception:
    from airflow.sdk.exceptions import AirflowFailException

    final: Exception = AirflowFailException(str(error))
    return final


def _without_values(error: Exception, sqlstate: str) -> str:
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "/huitou/" in f.filename]
    where = f"{ours[-1].filename}:{ours[-1].lineno}" if ours else "outside the package"
    return f"{type(error).__name__} (SQLSTATE {sqlstate}) at {where}"


def counts(result: Any) -> Counts:
    """The numbers, texts and flags of a result dataclass; what is larger stays behind."""
    values = {f.name: getattr(result, f.name) for f in fields(result)}
    return {k: v for k, v in values.items() if isinstance(v, (bool, int, float, str))}


def list_feeds() -> list[str]:
    """Names of the feeds of the set in use, sorted."""
    from huitou.sources.feeds import load_source_set

    try:
        return sorted(load_source_set(Settings.from_env()).feeds)
    except TransientError:
        raise
    except HuitouError as error:
        raise _beyond_retry(error) from None


def ingest_feed(feed: str, partition_key: str | None) -> Counts:
    """Ingest one feed for the run's business date."""
    from huitou.sources.ingest import ingest

    return run_step(lambda settings, day: counts(ingest(settings, feed, day)), partition_key)


def check_raw(partition_key: str | None) -> Counts:
    """Run the gate on raw; a critical failure stops the night."""
    from huitou.quality.gate import check

    return run_step(lambda settings, day: counts(check(settings, "raw", day)), partition_key)


def build_marts(partition_key: str | None) -> Counts:
    """Build the candidate marts, run their gate and publish them."""
    from huitou.transform.build import build

    return run_step(lambda settings, day: counts(build(settings, day)), partition_key)


def plan_campaigns(partition_key: str | None) -> Counts:
    """Decide on every candidate of every campaign."""
    from huitou.campaigns.planner import plan

    return run_step(lambda settings, day: {"campaigns": len(plan(settings, day))}, partition_key)


def write_lists(partition_key: str | None) -> Counts:
    """Write marketing's list of the day, one file a campaign."""
    from huitou.campaigns.lists import write_lists as write

    return run_step(lambda settings, day: {"files": len(write(settings, day))}, partition_key)


def deliver_messages(partition_key: str | None) -> Counts:
    """Send what is due. Safe to try again: the outbox knows what has left."""
    from huitou.delivery.dispatcher import deliver

    return run_step(lambda settings, day: counts(deliver(settings, day)), partition_key)
