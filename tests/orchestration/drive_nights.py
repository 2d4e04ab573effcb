"""Run nights in a process of its own and print what was heard as JSON, one call a line.

Usage: drive_nights.py '[{"dates": ["2025-01-01"], "faults": {"check 2025-01-01": "quality"}}]'
"""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Any

from huitou.errors import HuitouError
from huitou.orchestration.events import NightEvent
from huitou.orchestration.night import run_nights
from huitou.settings import Settings


def main() -> None:
    settings = Settings.from_env()
    for call in json.loads(sys.argv[1]):
        (settings.home / "faults.json").write_text(json.dumps(call.get("faults", {})))
        events: list[list[Any]] = []

        def hear(event: NightEvent, events: list[list[Any]] = events) -> None:
            events.append([event.kind, event.business_date.isoformat(), event.task, event.seconds, event.message])

        days = [date.fromisoformat(day) for day in call["dates"]]
        outcomes = run_nights(settings, days, hear, first_dag="first_link")
        heard = {
            "events": events,
            "outcomes": [
                {
                    "date": o.business_date.isoformat(),
                    "ok": o.ok,
                    "failed_task": o.failed_task,
                    "error": o.error,
                    "seconds": o.seconds,
                    "log": str(o.log),
                }
                for o in outcomes
            ],
        }
        sys.stdout.write(json.dumps(heard) + "\n")


if __name__ == "__main__":
    try:
        main()
    except HuitouError as error:
        sys.stderr.write(str(error))
        raise SystemExit(error.exit_code) from None
