"""A thousand files as they should not be: each loads with every row accounted for, or is refused by one message."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import malformed_run
from factories.feeds import ORDERS, SourceFactory
from factories.malformed import KINDS
from factories.malformed_parts import excel_of, orders
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


def test_a_workbook_does_not_tell_when_it_was_made() -> None:
    """Else the same seed would be another file on every day, and break in another way."""
    with zipfile.ZipFile(io.BytesIO(excel_of(orders(Random(1), 1)))) as book:  # noqa: S311
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        told = re.findall(r"20\d\d-[^<]*", book.read("docProps/core.xml").decode())
    assert set(told) == {"2026-11-20T10:00:00Z"}


def test_the_peak_is_not_that_of_the_process_that_started_it() -> None:
    held = bytearray(b"x" * (MOST_MIB << 20))
    code = "from factories.malformed_run import peak_mib; print(peak_mib())"
    environment = process_environment() | {"PYTHONPATH": str(Path(malformed_run.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert 10 < float(done.stdout) < MOST_MIB
    assert len(held) == MOST_MIB << 20


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


MAPPINGS = st.fixed_dictionaries(
    {name: st.just({"from": name}) for name in ORDERS}
    | {
        "ordered_at": st.fixed_dictionaries(
            {"from": st.just("ordered_at")},
            optional={
                "format": st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y", "%Y%m%d"]),
                "time_zone": st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]),
            },
        ),
        "status": st.one_of(
            st.just({"from": "status"}),
            st.just({"const": "paid"}),
            st.builds(
                lambda words: {"from": "status", "values": words},
                st.dictionaries(st.sampled_from(["paid", "o1", "", "CNY"]), st.sampled_from(["paid", "shipped"]), min_size=1),
            ),
        ),
        "discount": st.fixed_dictionaries(
            {"from": st.sampled_from(["discount", "order_id"])},
            optional={"decimal": st.sampled_from([",", "."]), "divide": st.sampled_from([10, 100])},
        ),
        "currency": st.sampled_from([{"from": "currency"}, {"const": "CNY"}]),
    }
)  # fmt: skip


def account_for_any_rows(warehouse: Settings, tmp_path: Path, files: int) -> None:
    """Files of a hundred rows of anything, each under a mapping of its own."""
    shop = SourceFactory(tmp_path / "shop", warehouse)
    numbers = iter(range(files * 10))

    @settings(max_examples=files, database=None, suppress_health_check=list(HealthCheck))
    @given(ROWS, MAPPINGS)
    def account(rows: list[list[str]], mapping: dict[str, Any]) -> None:
        name = f"orders_{next(numbers)}"
        shop.source(name=name)
        shop.feed("orders", mapping, files={"path": f"{{business_date}}/{name}.csv"})
        body = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
        path = shop.drop(malformed_run.NIGHT, f"{name}.csv", ",".join(ORDERS) + "\n" + body)
        ingest(shop.settings, "orders", malformed_run.NIGHT)
        path.unlink()
        with connect(warehouse) as connection:
            found = connection.execute(
                "select rows_seen, loaded + duplicate + quarantined from landing.files where source = %s", (name,)
            ).fetchone()
        assert found == (len(rows), len(rows))

    account()


@pytest.mark.integration
def test_rows_of_anything_are_all_accounted_for_under_any_mapping(warehouse: Settings, tmp_path: Path) -> None:
    account_for_any_rows(warehouse, tmp_path, 5)


@pytest.mark.battery
def test_ten_thousand_rows_of_anything_are_all_accounted_for_under_any_mapping(
    warehouse: Settings, tmp_path: Path
) -> None:
    account_for_any_rows(warehouse, tmp_path, 100)
