"""A thousand files as they should not be: each loads with every row accounted for, or is refused by one message."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import malformed_run
from factories.feeds import ORDERS, SourceFactory
from factories.malformed import KINDS
from huitou.settings import Settings, process_environment
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect

MOST_MIB = 400


def become(warehouse: Settings, folder: Path, first: int, count: int) -> dict[str, Any]:
    """What became of the cases, and of the memory of the process that took them."""
    malformed_run.write(folder / "cases", first, count)
    tests = Path(malformed_run.__file__).parents[1]
    environment = process_environment() | warehouse.environment() | {"PYTHONPATH": str(tests)}
    command = [sys.executable, malformed_run.__file__, str(first), str(count), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def assert_all_right(told: dict[str, Any], count: int) -> None:
    assert len(told["answers"]) == count
    assert [answer for answer in told["answers"] if answer["wrong"]] == []
    kinds = {answer["kind"] for answer in told["answers"]}
    assert kinds == {make.__name__ for make in KINDS}
    loaded = [answer for answer in told["answers"] if answer["refused"] is None]
    assert count / 4 < len(loaded) < count * 3 / 4
    assert told["peak_mib"] < MOST_MIB


@pytest.mark.integration
def test_sixty_malformed_files_load_or_are_refused(warehouse: Settings, tmp_path: Path) -> None:
    assert_all_right(become(warehouse, tmp_path, 0, 60), 60)


# Four processes: a task ingests some files, never a thousand.
@pytest.mark.battery
@pytest.mark.parametrize("first", [1000, 1250, 1500, 1750])
def test_a_thousand_malformed_files_load_or_are_refused(warehouse: Settings, tmp_path: Path, first: int) -> None:
    assert_all_right(become(warehouse, tmp_path, first, 250), 250)


# No surrogates: they are no text in any encoding.
CELLS = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=30),
    st.sampled_from(["paid", "CNY", "2026-11-20 10:00:00", "o1", "12.50", "", " ", "1e309", '"', "\r", "\n", "\x00"]),
)
ROWS = st.lists(st.lists(CELLS, min_size=len(ORDERS), max_size=len(ORDERS)), min_size=100, max_size=100)


@pytest.mark.battery
def test_ten_thousand_rows_of_anything_are_all_accounted_for(warehouse: Settings, tmp_path: Path) -> None:
    shop = SourceFactory(tmp_path / "shop", warehouse)
    numbers = iter(range(10_000))

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(ROWS)
    def account(rows: list[list[str]]) -> None:
        name = f"orders-{next(numbers)}.csv"
        shop.feed("orders", ORDERS, files={"path": f"{{business_date}}/{name}"})
        body = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
        path = shop.drop(malformed_run.NIGHT, name, ",".join(ORDERS) + "\n" + body)
        ingest(shop.settings, "orders", malformed_run.NIGHT)
        path.unlink()
        with connect(warehouse) as connection:
            found = connection.execute(
                "select rows_seen, loaded + duplicate + quarantined from landing.files where name = %s",
                (f"{malformed_run.NIGHT}/{name}",),
            ).fetchone()
        assert found == (len(rows), len(rows))

    account()
