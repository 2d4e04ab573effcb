"""Ingest beside its rivals, in one run: rows per second from a CSV of order lines to committed rows.

Rivals: a bare ``COPY`` of the same file into an equally keyed table (the limit: it validates nothing and keeps no
account), and ``pandas.to_sql``. Rounds are interleaved; the last line is one JSON object of medians and ratios.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import sqlalchemy
import yaml

from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect, sqlalchemy_url
from huitou.warehouse.embedded import EmbeddedServer

DAY = date(2026, 11, 21)
COLUMNS = ("order_id", "line_no", "product_id", "quantity", "unit_price", "discount", "shipping", "updated_at")


def write_lines(path: Path, rows: int) -> None:
    """A CSV of ``rows`` order lines, four to an order."""
    chance = random.Random(1)  # noqa: S311 - a benchmark's data, not a secret
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for number in range(rows):
            price = f"{chance.randint(100, 99999) / 100:.2f}"
            product = f"p{chance.randint(1, 5000)}"
            out.writerow((f"o{number // 4}", number % 4 + 1, product, 1, price, "0", "0", "2026-11-21 10:00:00"))


def source_set(folder: Path) -> Path:
    head = {"name": "bench", "root": str(folder), "time_zone": "Asia/Shanghai", "base_currency": "CNY", "country": "CN"}
    feed = {
        "feed": "order_lines",
        "describes": "Order lines of the benchmark.",
        "owner": "bench",
        "connector": "files",
        "files": {"path": "{business_date}/lines.csv", "format": "csv"},
        "columns": {name: {"from": name} for name in COLUMNS},
    }
    feeds = folder / "set"
    feeds.mkdir()
    (feeds / "_source.yml").write_text(yaml.safe_dump(head), encoding="utf-8")
    (feeds / "order_lines.yml").write_text(yaml.safe_dump(feed), encoding="utf-8")
    return feeds


def by_huitou(settings: Settings, path: Path) -> None:
    with connect(settings) as connection:
        connection.execute("truncate raw.order_lines, landing.files cascade")
    ingest(settings, "order_lines", DAY)


def by_copy(settings: Settings, path: Path) -> None:
    with connect(settings) as connection:
        connection.execute(
            "drop table if exists bare; create table bare (order_id text, line_no bigint, product_id text,"
            " quantity bigint, unit_price numeric, discount numeric, shipping numeric, updated_at timestamptz,"
            " primary key (order_id, line_no))"
        )
        with path.open("rb") as file, connection.cursor().copy("copy bare from stdin (format csv, header)") as copy:
            while block := file.read(1 << 20):
                copy.write(block)


def by_pandas(settings: Settings, path: Path) -> None:
    engine = sqlalchemy.create_engine(sqlalchemy_url(settings))
    pd.read_csv(path).to_sql("by_pandas", engine, if_exists="replace", index=False)
    engine.dispose()


def timed(way: Callable[[Settings, Path], None], settings: Settings, path: Path) -> float:
    began = time.perf_counter()
    way(settings, path)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    folder.chmod(0o711)
    path = folder / DAY.isoformat() / "lines.csv"
    path.parent.mkdir()
    write_lines(path, arguments.rows)
    settings = Settings(home=folder / "home", sources=source_set(folder))
    server = EmbeddedServer(settings)
    try:
        ensure_ready(settings)
        ways = {"huitou": by_huitou, "copy": by_copy, "pandas": by_pandas}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                seconds[name].append(timed(way, settings, path))
                print(f"{name:8} {arguments.rows / seconds[name][-1]:>12,.0f} rows/s")
    finally:
        server.remove()
        shutil.rmtree(folder)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    result = {
        "rows": arguments.rows,
        "rows_per_second": {name: round(arguments.rows / value) for name, value in median.items()},
        "times_of_bare_copy": round(median["huitou"] / median["copy"], 2),
        "faster_than_pandas": round(median["pandas"] / median["huitou"], 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
