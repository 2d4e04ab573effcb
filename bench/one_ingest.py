"""Ingests one night and prints what it took: its own process, so that its peak memory is its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from huitou.settings import Settings
from huitou.sources import ingest as ingesting
from huitou.sources import settle
from huitou.sources.ingest import ingest

took: dict[str, float] = {}


def watch(module: Any, name: str) -> None:
    """Add up the seconds that ``module.name`` takes."""
    real: Callable[..., Any] = getattr(module, name)

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return real(*arguments)
        finally:
            took[name] = took.get(name, 0.0) + time.perf_counter() - began

    setattr(module, name, timed)


def peak_mib() -> int:
    """Of this program alone; what getrusage says begins with the memory of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def main() -> None:
    home, feeds, night = Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3])
    watch(ingesting, "stage")
    for name in ("type_rows", "load_rows", "quarantine_rows", "record_files", "forget"):
        watch(settle, name)
    began = time.perf_counter()
    result = ingest(Settings(home=home, sources=feeds), "order_lines", night)
    took["whole"] = time.perf_counter() - began
    print(json.dumps({"took": took, "peak_mib": peak_mib(), "loaded": result.loaded, "seen": result.seen}))


if __name__ == "__main__":
    main()
