"""How long the demo shop takes to make, and how much memory; the last line is one JSON object.

python bench/shop.py --customers 100000 --days 365
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from datetime import date
from pathlib import Path

from huitou.shop.generate import generate

UNTIL = date(2026, 11, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=365)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = generate(Path(folder) / "shop", given.customers, given.days, 7, UNTIL)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    figures = {
        "customers": given.customers,
        "days": given.days,
        "rows": sum(made.rows.values()),
        "seconds": round(made.seconds, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "megabytes": round(size / 1e6),
        "rows_by_feed": made.rows,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
