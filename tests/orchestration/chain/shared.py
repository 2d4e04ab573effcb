"""What the chain's test DAGs do: nothing, unless a fault is ordered for this task and business date."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

from huitou.errors import DataQualityError, TransientError
from huitou.orchestration import tasks
from huitou.settings import Settings
from huitou.warehouse.connection import connect


def work(name: str, partition_key: str | None) -> dict[str, Any]:
    """One step of a test DAG; ``faults.json`` in the home folder says what goes wrong."""

    def step(settings: Settings, day: date) -> dict[str, Any]:
        path = settings.home / "faults.json"
        faults = json.loads(path.read_text()) if path.exists() else {}
        fault = faults.pop(f"{name} {day}", None)
        if fault == "transient once":
            path.write_text(json.dumps(faults))
            raise TransientError("the provider does not answer yet")
        if fault == "quality":
            raise DataQualityError("rule r of table t failed for 3 keys")
        if fault == "database":
            with connect(settings) as connection:
                connection.execute("select 'zhang.wei@example.com'::int")
        if fault == "hang":
            (settings.home / "hanging").touch()
            time.sleep(60)
        return {"day": day.isoformat()}

    return tasks.run_step(step, partition_key)
