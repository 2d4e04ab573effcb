"""The generator as a command sees it: the same bytes, clear refusals, nothing half-done."""

from __future__ import annotations

import csv
import errno
import fcntl
import gzip
import hashlib
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.errors import UserError
from huitou.shop import generate as module
from huitou.shop.generate import ShopSummary, generate
from huitou.shop.made import make_shop
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.shop.shop_feeds import shop_feeds

UNTIL = date(2026, 11, 20)
FILES = {feed.file for feed in shop_feeds(make_shop(5, Window.ending(UNTIL, 2), 1, Parameters()))}


def tree_hash(folder: Path) -> str:
    """One digest of every file's place and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_shop_has_every_file_of_every_night(small: ShopSummary) -> None:
    nights = sorted(path.name for path in (small.folder / "drops").iterdir())
    assert nights == [(UNTIL - timedelta(days=back)).isoformat() for back in reversed(range(45))]
    for night in nights:
        assert {path.name for path in (small.folder / "drops" / night).iterdir()} == FILES
    assert sorted(path.name for path in small.folder.iterdir()) == ["drops", "truth"]
    assert small.nights == 45
    assert sum(small.rows.values()) > 2_000
    assert len(FILES) == len(small.rows) > 18


def test_bytes_are_the_same_when_made_by_another_process(tmp_path: Path) -> None:
    generate(tmp_path / "here", 60, 12, 5, UNTIL)
    code = (
        "import sys; from datetime import date; from pathlib import Path;"
        "from huitou.shop.generate import generate;"
        "generate(Path(sys.argv[1]), 60, 12, 5, date(2026, 11, 20))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "America/New_York"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=environment)
    assert tree_hash(tmp_path / "here") == tree_hash(tmp_path / "there")


@pytest.mark.parametrize(
    "other", [{"seed": 6}, {"customers": 61}, {"days": 11}, {"until": date(2026, 11, 19)}], ids=lambda o: next(iter(o))
)
def test_bytes_differ_when_an_argument_differs(tmp_path: Path, other: dict[str, object]) -> None:
    arguments = {"customers": 60, "days": 12, "seed": 5, "until": UNTIL}
    generate(tmp_path / "a", **arguments)
    generate(tmp_path / "b", **{**arguments, **other})
    assert tree_hash(tmp_path / "a" / "drops") != tree_hash(tmp_path / "b" / "drops")


@settings(max_examples=12)
@given(
    customers=st.integers(1, 40),
    days=st.integers(1, 6),
    seed=st.integers(0, 2**70),
    until=st.dates(date(2010, 1, 1), date(2099, 12, 31)),
)
def test_any_valid_arguments_make_a_whole_shop(
    tmp_path_factory: pytest.TempPathFactory, customers: int, days: int, seed: int, until: date
) -> None:
    made = generate(tmp_path_factory.mktemp("any") / "shop", customers, days, seed, until)
    assert len(list((made.folder / "drops").iterdir())) == days
    assert made.rows["customers"] >= customers
    assert made.rows["exchange_rates"] == 5 * days


def test_a_shop_is_made_when_nobody_has_a_phone(tmp_path: Path) -> None:
    made = generate(tmp_path / "shop", 1, 1, 2053, date(2010, 1, 1))
    with gzip.open(made.folder / "drops" / "2010-01-01" / "customers.csv.gz", "rt", encoding="utf-8") as file:
        assert [row["mobile"] for row in csv.DictReader(file)] == [""]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"customers": 0}, "--customers 0"),
        ({"customers": 5_000_001}, "5000000"),
        ({"days": 0}, "--days 0"),
        ({"days": 4_000}, "3660"),
        ({"seed": -1}, "--seed -1"),
        ({"until": date(1969, 7, 20)}, "--until 1969-07-20"),
    ],
)
def test_arguments_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, object], says: str) -> None:
    arguments = {"customers": 10, "days": 3, "seed": 1, "until": UNTIL, **wrong}
    with pytest.raises(UserError, match=says):
        generate(tmp_path / "shop", **arguments)
    assert not (tmp_path / "shop").exists()


def test_folder_is_refused_when_it_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"not a demo shop \(found thesis.txt\)"):
        generate(tmp_path, 10, 3, 1, UNTIL)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_folder_is_refused_when_its_drops_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "drops").mkdir()
    with pytest.raises(UserError, match=r"no truth/parameters\.json"):
        generate(tmp_path, 10, 3, 1, UNTIL)


@pytest.mark.parametrize("below", ["file", "file/shop"])
def test_folder_is_refused_when_a_file_is_in_its_place(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="give --out another folder"):
        generate(tmp_path / below, 10, 3, 1, UNTIL)


def test_folder_is_refused_when_another_process_writes_it(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(UserError, match="another process"):
            generate(tmp_path, 10, 3, 1, UNTIL)
    finally:
        os.close(descriptor)


def test_shop_is_replaced_whole_when_made_again(tmp_path: Path) -> None:
    generate(tmp_path, 20, 5, 1, UNTIL)
    generate(tmp_path, 20, 2, 2, UNTIL)
    assert len(list((tmp_path / "drops").iterdir())) == 2
    generate(tmp_path / "fresh" / "shop", 20, 2, 2, UNTIL)
    assert tree_hash(tmp_path / "drops") == tree_hash(tmp_path / "fresh" / "shop" / "drops")


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "No room left"), (errno.EACCES, "cannot be written"), (errno.EROFS, "cannot be written")],
)
def test_old_shop_stays_when_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    generate(tmp_path, 20, 3, 1, UNTIL)
    before = tree_hash(tmp_path)
    write = Path.write_bytes

    def refusing(path: Path, data: bytes) -> int:
        if "2026-11-20" in str(path):
            raise OSError(number, os.strerror(number), str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", refusing)
    with pytest.raises(UserError, match=says):
        generate(tmp_path, 20, 3, 2, UNTIL)
    with pytest.raises(UserError, match=says):
        generate(tmp_path.parent / "new-shop", 20, 3, 2, UNTIL)
    assert tree_hash(tmp_path) == before
    assert not (tmp_path.parent / "new-shop").exists()


def test_shop_is_mended_when_a_run_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(tmp_path / "whole", 20, 3, 1, UNTIL)
    (tmp_path / "torn" / ".building" / "drops" / "2026-11-18").mkdir(parents=True)
    (tmp_path / "torn" / "drops").mkdir()
    generate(tmp_path / "torn", 20, 3, 1, UNTIL)
    assert tree_hash(tmp_path / "torn") == tree_hash(tmp_path / "whole")


@pytest.mark.battery
def test_a_large_shop_is_made_in_two_minutes_and_two_gibibytes(tmp_path: Path) -> None:
    bench = Path(__file__).parents[2] / "bench" / "shop.py"
    done = subprocess.run([sys.executable, str(bench)], check=True, capture_output=True, text=True, cwd=tmp_path)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["rows"] > 5_000_000
    assert figures["seconds"] < 120
    assert figures["peak_mib"] < 2048


def test_progress_tells_every_night(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    generate(tmp_path / "shop", 5, 3, 1, UNTIL, lambda *step: told.append(step))
    assert [step for step in told if step[0] == "nights"] == [("nights", n, 3) for n in (1, 2, 3)]
    assert told[-1] == ("truth", 1, 1)


def test_truth_says_what_the_shop_was_made_of(small: ShopSummary) -> None:
    text = (small.folder / "truth" / "parameters.json").read_text(encoding="utf-8")
    assert '"customers": 400' in text
    assert '"until": "2026-11-20"' in text
    assert f'"alpha": {module.Parameters().alpha}' in text
