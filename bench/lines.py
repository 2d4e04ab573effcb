"""Made-up order lines for benchmarks."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

COLUMNS = ("order_id", "line_no", "product_id", "quantity", "unit_price", "discount", "shipping", "updated_at")
NIGHT_ROWS = 13_000
BLOCK = 100_000


def write_lines(path: Path, rows: int, first: int, day: date) -> None:
    """A CSV of ``rows`` order lines, four to an order, numbered from ``first`` on."""
    chance = random.Random(1)  # noqa: S311 - a benchmark's data, not a secret
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for start in range(first, first + rows, BLOCK):
            numbers = range(start, min(start + BLOCK, first + rows))
            file.writelines(
                f"o{n // 4},{n % 4 + 1},p{chance.randint(1, 5000)},1,{chance.randint(100, 99999) / 100:.2f},0,0,"
                f"{day} 10:00:00\n"
                for n in numbers
            )
