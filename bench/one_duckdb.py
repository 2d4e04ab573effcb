"""The plain models on DuckDB over Parquet, on two threads, in a process and an environment of its own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb


def main() -> None:
    folder, models, day, out = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    began = time.perf_counter()
    base = duckdb.connect(str(out / "marts.duckdb"), config={"threads": 2, "preserve_insertion_order": False})
    base.execute("set timezone = 'UTC'; create schema raw")
    for path in sorted(folder.glob("*.parquet")):
        base.execute(f"create view raw.\"{path.stem}\" as select * from read_parquet('{path}')")
    for model in sorted(models.glob("*.sql")):
        base.execute(model.read_text(encoding="utf-8").replace("{day}", day))
    seconds = time.perf_counter() - began
    for mart in ("customer_value", "customer_segments", "sales_daily", "satisfaction_daily", "delivery_daily"):
        base.execute(f"copy {mart} to '{out}/{mart}.csv' (header false)")
        names = [row[0] for row in base.execute(f"describe {mart}").fetchall()]
        (out / f"{mart}.columns").write_text(",".join(names), encoding="utf-8")
    peak = int(Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
