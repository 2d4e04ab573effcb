"""The `files` connector: which files a night takes, and which it refuses for now."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources.feeds import load_source_set
from huitou.sources.files import LandedFile, SourceFile, find, land

D1, D2 = date(2026, 11, 19), date(2026, 11, 20)
CONTENT = orders_csv({}, {})
BYTES = CONTENT.encode()


@pytest.fixture
def shop(tmp_path: Path) -> SourceFactory:
    made = SourceFactory(tmp_path / "shop", Settings(home=tmp_path / "home"))
    made.feed("orders", ORDERS)
    return made


def found(shop: SourceFactory, night: date) -> list[SourceFile]:
    source_set = load_source_set(shop.settings)
    return find(shop.settings, source_set, source_set.feed("orders"), night)


def landed(shop: SourceFactory, file: SourceFile) -> LandedFile:
    source_set = load_source_set(shop.settings)
    return land(shop.settings, source_set, source_set.feed("orders"), file, shop.settings.home / "landing")


def test_a_file_lands_as_sent_for_its_owner_alone(shop: SourceFactory) -> None:
    shop.drop(D1, "orders.csv", CONTENT)
    file = landed(shop, found(shop, D1)[0])
    assert (file.path.read_bytes(), file.bytes, file.sha256) == (BYTES, len(BYTES), hashlib.sha256(BYTES).hexdigest())
    assert file.path.name == f"{file.sha256[:16]}-orders.csv"
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_grows_while_it_is_taken_is_refused_for_now(shop: SourceFactory) -> None:
    path = shop.drop(D1, "orders.csv", CONTENT)
    (file,) = found(shop, D1)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("o9,")
    with pytest.raises(TransientError, match="still being written"):
        landed(shop, file)
    assert list((shop.settings.home / "landing").iterdir()) == []


def test_a_file_that_is_gone_when_it_is_taken_is_looked_for_later(shop: SourceFactory) -> None:
    path = shop.drop(D1, "orders.csv", CONTENT)
    (file,) = found(shop, D1)
    path.unlink()
    with pytest.raises(TransientError, match="is gone"):
        landed(shop, file)


def test_a_night_without_its_file_says_what_there_is(shop: SourceFactory) -> None:
    shop.drop(D1, "orders.csv", CONTENT)
    with pytest.raises(
        TransientError, match=rf"no file for {D2}: looked for {D2}/orders\.csv .*newest there is of {D1}"
    ):
        found(shop, D2)


def test_only_files_of_a_real_date_up_to_the_night_are_found(shop: SourceFactory) -> None:
    for folder in ("2026-11-18", "2026-11-19", "2026-11-20", "2026-02-30", "2026-11-1x"):
        (shop.drops / folder).mkdir()
        (shop.drops / folder / "orders.csv").write_text(CONTENT, encoding="utf-8")
    assert [file.business_date for file in found(shop, D1)] == [date(2026, 11, 18), D1]


@pytest.mark.parametrize("folder", ["shop [old]", "what?", "a[1-3]b", "plain"])
@pytest.mark.parametrize("path", ["{business_date}/orders.csv", "{business_date}/o*.csv", "orders-*.csv"])
def test_a_folder_is_found_whatever_signs_its_name_has(tmp_path: Path, folder: str, path: str) -> None:
    shop = SourceFactory(tmp_path / folder, Settings(home=tmp_path / "home"))
    shop.feed("orders", ORDERS, files={"path": path})
    name = path.replace("{business_date}", D2.isoformat()).replace("*", "[x]")
    (shop.drops / name).parent.mkdir(exist_ok=True)
    (shop.drops / name).write_text(orders_csv({}), encoding="utf-8")
    assert [file.name for file in found(shop, D2)] == [name]


def test_a_file_whose_name_is_no_text_is_named(shop: SourceFactory) -> None:
    shop.feed("orders", ORDERS, files={"path": "{business_date}/o*.csv"})
    folder = shop.drop(D2, "orders.csv", orders_csv({})).parent
    Path(os.fsdecode(os.fsencode(folder) + b"/o\xff.csv")).write_bytes(b"x")
    with pytest.raises(UserError, match=r"o\\udcff\.csv: the file's name is not UTF-8\. Rename it"):
        found(shop, D2)


def test_a_file_lands_when_its_name_is_as_long_as_any_may_be(shop: SourceFactory) -> None:
    shop.feed("orders", ORDERS, files={"path": "{business_date}/o*.csv.gz"})
    shop.drop(D2, f"o{'单' * 82}.csv.gz", CONTENT)
    (file,) = found(shop, D2)
    assert landed(shop, file).path.name.endswith("单单.csv.gz")


def test_the_landing_folder_that_cannot_be_written_is_named(shop: SourceFactory) -> None:
    shop.drop(D1, "orders.csv", CONTENT)
    shop.settings.home.mkdir()
    (shop.settings.home / "landing").write_text("a file", encoding="utf-8")
    with pytest.raises(UserError, match=r"Files cannot be landed in .*landing"):
        landed(shop, found(shop, D1)[0])


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"bytes": len(BYTES) + 1}, f"says {len(BYTES) + 1} bytes and it has {len(BYTES)}"),
        ({"sha256": "0" * 64}, "another SHA-256"),
        (None, "control.json is not there yet"),
        ("{", "is cut, or no JSON"),
        ({"lines": 2}, "is not as files.control must be"),
    ],
)
def test_a_file_is_refused_when_its_control_file_does_not_vouch_for_it(
    shop: SourceFactory, said: Any, says: str
) -> None:
    shop.feed("orders", ORDERS, files={"control": "{business_date}/control.json"})
    shop.drop(D1, "orders.csv", CONTENT)
    if said is not None:
        text = said if isinstance(said, str) else json.dumps({"files": {"orders.csv": said}})
        shop.drop(D1, "control.json", text)
    kind = UserError if isinstance(said, dict) and "lines" in said else TransientError
    with pytest.raises(kind, match=says):
        landed(shop, found(shop, D1)[0])


def test_a_control_file_that_does_not_name_the_file_is_waited_for(shop: SourceFactory) -> None:
    shop.feed("orders", ORDERS, files={"control": "{business_date}/control.json"})
    shop.drop(D1, "orders.csv", CONTENT)
    shop.drop(D1, "control.json", json.dumps({"files": {"payments.csv": {"rows": 2}}}))
    with pytest.raises(TransientError, match="does not name it"):
        landed(shop, found(shop, D1)[0])


@pytest.mark.parametrize("name", ["orders.csv", f"{D1}/orders.csv"])
def test_a_file_that_its_control_file_vouches_for_lands_with_its_rows(shop: SourceFactory, name: str) -> None:
    shop.feed("orders", ORDERS, files={"control": "{business_date}/control.json"})
    shop.drop(D1, "orders.csv", CONTENT)
    said = {"rows": 2, "bytes": len(BYTES), "sha256": hashlib.sha256(BYTES).hexdigest().upper()}
    shop.drop(D1, "control.json", json.dumps({"files": {name: said}}))
    assert landed(shop, found(shop, D1)[0]).said.rows == 2
