"""Parse the DAGs folder as Airflow does, in a process of its own, and print what was found as JSON.

The environment that the tests give has no database, no feeds and no home: parsing must need none of them.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

DAGS_FOLDER = sys.argv[1]
BEFORE = set(sys.modules)


def callbacks(task: Any) -> list[str]:
    found = task.on_failure_callback
    return [f"{c.__module__}.{c.__qualname__}" for c in ([found] if callable(found) else found or [])]


def describe(dag: Any) -> dict[str, Any]:
    return {
        "file": dag.fileloc,
        "doc": dag.doc_md or "",
        "tags": sorted(dag.tags),
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "timetable": type(dag.timetable).__name__,
        "listens": [a.name for a in [getattr(dag.timetable, "asset_condition", None)] if a],
        "tasks": {
            task.task_id: {
                "owner": task.owner,
                "retries": task.retries,
                "callbacks": callbacks(task),
                "outlets": [asset.name for asset in task.outlets],
                "upstream": sorted(task.upstream_task_ids),
            }
            for task in dag.tasks
        },
    }


def keys(dag: Any) -> dict[str, Any]:
    """Partition keys as the scheduler and a backfill would make them, after a round trip through the database form."""
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
    from airflow.timetables.base import TimeRestriction

    timetable = DagSerialization.from_dict(LazyDeserializedDAG.from_dag(dag).data).timetable
    first = datetime(2025, 3, 1, tzinfo=UTC)
    restriction = TimeRestriction(earliest=first, latest=None, catchup=True)
    scheduled, info = [], None
    for _ in range(3):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=restriction)
        scheduled.append([info.run_after.isoformat(), info.partition_key])
    filled = timetable.iter_partition_dagrun_infos(earliest=first, latest=first.replace(day=4))
    return {"scheduled": scheduled, "backfill": [info.partition_key for info in filled]}


def plugins() -> dict[str, Any]:
    from airflow import plugins_manager

    found, errors = plugins_manager._get_plugins()
    return {"names": sorted(plugin.name for plugin in found if "huitou" in str(plugin.source)), "errors": errors}


def main() -> None:
    from airflow.dag_processing.dagbag import DagBag

    out, sys.stdout = sys.stdout, sys.stderr
    bag = DagBag(DAGS_FOLDER, bundle_name="dags-folder")
    loaded = sorted(set(sys.modules) - BEFORE)
    facts = {
        "errors": bag.import_errors,
        "dags": {dag_id: describe(dag) for dag_id, dag in bag.dags.items()},
        "keys": keys(bag.dags["ingest_feeds"]),
        "modules": loaded,
        "plugins": plugins(),
        "modules_after_plugins": sorted(set(sys.modules)),
    }
    out.write(json.dumps(facts))


if __name__ == "__main__":
    main()
