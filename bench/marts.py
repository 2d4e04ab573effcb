"""Marts beside their rivals, in one run: a full build, and a night of 13,000 order lines on growing histories.

Full build of 10 million lines of 1 million customers (times ``--scale``): the project's own models, by dbt, against a
plain version of the same marts (``plain/``, one table a model) on the same PostgreSQL, on DuckDB over the same Parquet
with two threads, and pandas. Nights: a history of a tenth of the customers (1x), ten times the customers (wide), and
ten times the orders of each (deep); each night is built by touched keys with its data tests and published, in turn on
all three; ``--nights 0`` leaves them out. In the end everything is built anew and compared row by row. The gate is not
measured. The last line is one JSON object of ratios (medians) and peaks.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.transform import dbt, state
from huitou.transform.build import make_candidate
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.publish import publish
from ingest import run
from marts_data import EPOCH, LAST, Shop, load, load_accounts

HERE = Path(__file__).parent
NIGHT_LINES = 13_000
MODELS_ALONE = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
SHAPES = {"1x": (0.1, 1), "wide": (1, 1), "deep": (0.1, 10)}
MARTS = ("customer_value", "customer_segments", "sales_daily", "satisfaction_daily", "delivery_daily")
VIEWS = ("customer_value",)
SAME = {
    "customer_value": "customer_key, orders, units, unconverted_orders, gross, discounts, net_spend, refunds,"
    " first_order_date, last_order_date, purchase_days, median_days_between, orders_in_window, {window}, recency_score,"
    " frequency_score, monetary_score",
    "customer_segments": "customer_key, orders, registered_date, last_order_date",
    "sales_daily": "day, currency, orders, gross, discounts, refunds, net, refunds_unsold",
    "satisfaction_daily": "day, metric, breakdown, subject, n, score_sum, score_sum_sq, positive, negative",
    "delivery_daily": "day, is_late, orders, undated_orders, reviewed_orders, score_sum",
}
# The plain models have no tiers, whose map is a seed; nor do they know the class of yesterday, which a class depends on.
ROWS = {"satisfaction_daily": "breakdown <> 'tier'"}


class World:
    """One server, a database and a shop for each shape."""

    def __init__(self, folder: Path, scale: float) -> None:
        self.folder, self.scale = folder, scale
        self.server = EmbeddedServer(Settings(home=folder / "home"))
        self.server.start()
        self.shops: dict[str, Shop] = {}
        self.settings: dict[str, Settings] = {}
        self.seconds: dict[str, list[float]] = {}
        for name, (customers, orders) in SHAPES.items():
            people = round(1_000_000 * customers * scale)
            self.shops[name] = Shop(folder / name, people, people * 4 * orders)
            with psycopg.connect(self.server.url("postgres"), autocommit=True) as admin:
                admin.execute(f'create database "bench_{name}"'.encode())
            self.settings[name] = Settings(home=folder / "home", warehouse_dsn=self.server.url(f"bench_{name}"))

    def fill(self, name: str) -> None:
        began = time.perf_counter()
        self.shops[name].write()
        ensure_ready(self.settings[name])
        with connect(self.settings[name]) as connection:
            load_accounts(connection, self.shops[name].folder)
            load(connection, self.shops[name].folder)
            connection.execute("vacuum analyze")
        print(f"{name}: {self.shops[name].orders:,} orders made and loaded in {time.perf_counter() - began:.0f} s")

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds.setdefault(what, []).append(time.perf_counter() - began)
        print(f"{what:34} {self.seconds[what][-1]:8.2f} s", flush=True)

    def median(self, what: str) -> float:
        return statistics.median(self.seconds[what])

    def sql(self, name: str, *statements: str) -> None:
        with connect(self.settings[name]) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def models_alone(self, name: str, day: date) -> None:
        """The models of the rivals' marts, without books, audiences and tests. One that is a view is worked out too."""
        chosen = " ".join(f"+{mart}" for mart in MARTS)
        with connect(self.settings[name]) as connection:
            state.forget(connection)
        self.sql(name, "checkpoint")
        with self.timed("huitou, full build of the marts"):
            dbt.run(self.settings[name], day, (*MODELS_ALONE, "--select", *chosen.split()))
            self.sql(name, *(f"create temp table {view} as select * from candidate.{view}" for view in VIEWS))

    def plain(self, name: str, day: date) -> None:
        self.sql(
            name,
            "drop schema if exists plain cascade; create schema plain",
            "create or replace view raw.accounts as select * from vault.accounts_as_of('infinity')",
            "checkpoint",
        )
        with connect(self.settings[name]) as connection, self.timed("plain models, same PostgreSQL"):
            connection.execute("set search_path = plain")
            for model in sorted((HERE / "plain").glob("*.sql")):
                connection.execute(model.read_text(encoding="utf-8").replace("{day}", str(day)).encode())
                # Ours know what they hold, and so do these: without figures one of them joins row by row.
                connection.execute(f"analyze {model.stem.split('_', 1)[1]}".encode())

    def build(self, name: str, day: date, what: str, only_touched: bool) -> None:
        """What ``huitou build`` does, but for the gate."""
        settings = self.settings[name]
        self.sql(name, "checkpoint")
        with connect(settings) as connection:
            if not only_touched:
                state.forget(connection)
            with self.timed(f"{what}, {name}"):
                done = make_candidate(settings, connection, day, day)
                publish(settings, day, done.marts, done.touched)
            touched = connection.execute(
                "select detail ->> 'only_touched' from ops.steps where step = 'build.dbt' order by step_id desc limit 1"
            ).fetchone()
        if touched != (str(only_touched).lower(),):
            raise SystemExit(f"{what}, {name}: it was {'not ' if only_touched else ''}worked out by touched keys")

    def digests(self, name: str) -> dict[str, str]:
        """Of each candidate and mart, a digest of its rows in order of their text."""
        with connect(self.settings[name]) as connection:
            tables = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'candidate' order by 1"
            ).fetchall()
            return {
                table: connection.execute(
                    f"select count(*) || ' ' || coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)"
                    f" from candidate.{table} as t".encode()
                ).fetchone()[0]  # type: ignore[index]
                for (table,) in tables
            }


class Memory:
    """The highest sum of memory that this process and the server's processes had for themselves, sampled."""

    def __init__(self) -> None:
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.peak = max(self.peak, sum(map(_own, Path("/proc").glob("[0-9]*"))))


def _own(process: Path) -> int:
    """MiB of memory of its own, without what is shared; 0 of processes that are none of ours."""
    try:
        name = (process / "comm").read_text().strip()
        text = (process / "status").read_text()
        if name != "postgres" and process.name != str(__import__("os").getpid()):
            return 0
        return int(text.split("RssAnon:")[1].split()[0]) // 1024
    except (OSError, IndexError):
        return 0


def differing(world: World, name: str, csv_folder: Path) -> dict[str, int]:
    """Rows of DuckDB's marts that ours lack, and the reverse."""
    out: dict[str, int] = {}
    with connect(world.settings[name]) as connection:
        for mart, columns in SAME.items():
            ours = columns.format(window="net_spend_in_window")
            theirs = columns_in_order(csv_folder, mart)
            typed = ", ".join(n if n in ours.split(", ") else f"null::text as {n}" for n in theirs)
            connection.execute("drop table if exists theirs")
            connection.execute(
                f"create temp table theirs as select {typed} from candidate.{mart} with no data".encode()
            )
            with (
                connection.cursor() as cursor,
                cursor.copy(f"copy theirs ({', '.join(theirs)}) from stdin with (format csv)".encode()) as copy,
            ):
                copy.write((csv_folder / f"{mart}.csv").read_bytes())
            row = connection.execute(
                f"with a as (select {ours} from candidate.{mart} where {ROWS.get(mart, 'true')}),"
                f" b as (select {ours} from theirs)"
                " select count(*) from ((table a except all table b) union all (table b except all table a)) as d".encode()
            ).fetchone()
            out[mart] = int(row[0]) if row else -1
    return out


def columns_in_order(folder: Path, mart: str) -> list[str]:
    names = next(csv.reader([(folder / f"{mart}.columns").read_text(encoding="utf-8")]))
    return [n.replace("net_in_window", "net_spend_in_window") for n in names]


def environment_of_duckdb(folder: Path) -> Path | None:
    """A Python that has DuckDB, made on demand; None, with the reason said, where it cannot be made."""
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            run([sys.executable, "-m", "venv", str(folder)])
            run([str(python), "-m", "pip", "install", "--quiet", "duckdb==1.5.*"])
    except SystemExit as error:
        print(f"DuckDB is left out: its environment in {folder} cannot be made: {error}")
        return None
    return python


def full_builds(world: World, rounds: int, duckdb: Path | None) -> dict[str, Any]:
    """All ways to build everything, in turn."""
    name, peaks = "wide", dict[str, int]()
    out = world.folder / "out"
    for _ in range(rounds):
        if duckdb:
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            command = [
                str(duckdb),
                str(HERE / "one_duckdb.py"),
                str(world.folder / name),
                str(HERE / "plain"),
                str(LAST),
                str(out),
            ]
            said = json.loads(run(command).splitlines()[-1])
            world.seconds.setdefault("duckdb", []).append(said["seconds"])
            peaks["duckdb"] = said["peak_mib"]
            print(f"{'DuckDB on Parquet, two threads':34} {said['seconds']:8.2f} s", flush=True)
        with Memory() as memory:
            world.models_alone(name, LAST)
        peaks["huitou"] = max(peaks.get("huitou", 0), memory.peak)
        if duckdb and "rows that differ from DuckDB's" not in peaks:
            peaks["rows that differ from DuckDB's"] = sum(differing(world, name, out).values())
        world.plain(name, LAST)
    command = [sys.executable, str(HERE / "one_pandas.py"), str(world.folder / name), str(LAST)]
    said = json.loads(run(command).splitlines()[-1])
    world.seconds["pandas"] = [said["seconds"]]
    peaks["pandas"] = said["peak_mib"]
    print(f"{'pandas on Parquet':34} {said['seconds']:8.2f} s", flush=True)
    world.sql(name, "drop schema plain cascade")
    return peaks


def nights(world: World, count: int) -> dict[str, bool]:
    """Nights in turn on every history, then all of it anew; whether each was the same, row by row."""
    for name in SHAPES:
        world.build(name, LAST, "first build", only_touched=False)
    for n in range(1, count + 1):
        day = LAST + timedelta(days=n)
        for name, shop in world.shops.items():
            folder = shop.night((day - EPOCH).days, round(NIGHT_LINES * world.scale))
            with connect(world.settings[name]) as connection:
                load(connection, folder)
            world.build(name, day, "a night", only_touched=True)
    same = {}
    for name in SHAPES:
        before = world.digests(name)
        world.build(name, day, "full refresh", only_touched=False)
        same[name] = before == world.digests(name)
    return same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--duckdb", type=Path, default=Path.home() / ".cache" / "huitou-bench" / "duckdb")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    folder.chmod(0o711)
    world = World(folder, arguments.scale)
    try:
        for name in SHAPES if arguments.nights else ("wide",):
            world.fill(name)
        peaks = full_builds(world, arguments.rounds, environment_of_duckdb(arguments.duckdb))
        same = nights(world, arguments.nights) if arguments.nights else {}
    finally:
        world.server.remove()
        shutil.rmtree(folder)
    result = {"scale": arguments.scale} | ratios_of_full_builds(world, peaks) | ratios_of_nights(world, same)
    print(json.dumps(result))


def ratios_of_full_builds(world: World, peaks: dict[str, Any]) -> dict[str, Any]:
    full = world.median("huitou, full build of the marts")
    return {
        "full_build_in_times_of_duckdb": round(full / world.median("duckdb"), 2) if "duckdb" in world.seconds else None,
        "times_faster_than_plain_models": round(world.median("plain models, same PostgreSQL") / full, 2),
        "memory_by_pandas": round(peaks["huitou"] / peaks["pandas"], 3),
        "rows_that_differ_from_duckdb": peaks.get("rows that differ from DuckDB's"),
        "peak_mib": {name: peaks[name] for name in ("huitou", "pandas", "duckdb") if name in peaks},
    }


def ratios_of_nights(world: World, same: dict[str, bool]) -> dict[str, Any]:
    if not same:
        return {}
    seconds = {name: world.median(f"a night, {name}") for name in SHAPES}
    return {
        "night_on_10x_customers_by_1x": round(seconds["wide"] / seconds["1x"], 2),
        "night_on_10x_orders_a_customer_by_1x": round(seconds["deep"] / seconds["1x"], 2),
        "times_cheaper_than_full_refresh": {
            name: round(world.median(f"full refresh, {name}") / seconds[name], 1) for name in SHAPES
        },
        "equal_to_full_refresh": same,
        "night_seconds": {name: round(value, 2) for name, value in seconds.items()},
    }


if __name__ == "__main__":
    main()
