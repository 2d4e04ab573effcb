"""What a person can get wrong: one clear message, an exit code other than 0, nothing half-done."""

from __future__ import annotations

import runpy
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.conftest import Home, new_home
from huitou.settings import PROJECT_ROOT

pytestmark = pytest.mark.e2e
DAY = "2026-11-21"


@pytest.fixture(scope="module")
def shop() -> Iterator[Home]:
    with new_home() as home:
        shape = ("--customers", "60", "--days", "3", "--seed", "1", "--until", DAY)
        home.run("shop", "generate", "--out", str(home.folder / "shop"), *shape)
        home.run("db", "start")
        yield home


@pytest.fixture
def feeds(shop: Home, tmp_path: Path) -> Path:
    """A copy of the demo set that a test may spoil."""
    return Path(shutil.copytree(PROJECT_ROOT / "dags" / "sources" / "demo", tmp_path / "feeds"))


def refused(home: Home, *arguments: str, says: str, code: int = 2, **variables: str) -> None:
    done = home.run(*arguments, check=False, **variables)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert done.stderr.startswith(("huitou: ", "Usage: ", "Error: "))
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("status",), "No night has run yet"),
        (("ingest", "orders", "--date", "21.11.2026"), "'21.11.2026' is not a date. Write it as YYYY-MM-DD"),
        (("ingest", "orderz", "--date", DAY), "orderz is not a feed of demo. Feeds are: behaviour_events"),
        (("ingest", "orders"), "Missing option '--date'"),
        (("check", "staging", "--date", DAY), "'staging' is not one of 'raw', 'marts'"),
        (("night", "--date", DAY, "--until", "2026-11-01"), "--until 2026-11-01 lies before --date 2026-11-21"),
        (("plan", "--date", DAY), "The audiences were never built: run `huitou build --date 2026-11-21` first"),
        (("why", "nobody"), "No customer is known as 'nobody'"),
        (("quarantine", "show", "999"), "There is no row 999 in quarantine"),
        (("sandbox", "start", "--fault", "sometimes"), "write it as before|after:KIND:COUNT"),
        (("shop", "generate", "--out", "/proc/shop", "--until", DAY), "/proc"),
        (("shop", "generate", "--out", "x", "--until", DAY, "--customers", "0"), "customers"),
    ],
)
def test_a_wrong_argument_is_named(shop: Home, arguments: tuple[str, ...], says: str) -> None:
    refused(shop, *arguments, says=says)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"HUITOU_SOURCE_ROOT": "/nowhere"}, "/nowhere does not exist: it is the root of source demo"),
        ({"HUITOU_SOURCES": "/nowhere"}, "/nowhere is not a set of feeds"),
        ({"HUITOU_SOURCE": "x"}, "HUITOU_SOURCE is not a setting. Did you mean HUITOU_SOURCES?"),
        ({"HUITOU_DB_PORT": "x"}, "HUITOU_DB_PORT"),
        ({"HUITOU_HOME": "/dev/null/home"}, "/dev/null"),
        ({"HUITOU_WAREHOUSE_DSN": "nonsense"}, "HUITOU_WAREHOUSE_DSN"),
    ],
)
def test_a_wrong_setting_is_named(shop: Home, variables: dict[str, str], says: str) -> None:
    refused(shop, "ingest", "orders", "--date", DAY, says=says, **variables)


def test_a_server_that_is_not_there_may_come_back(shop: Home) -> None:
    dsn = "postgresql://someone:hidden@127.0.0.1:9/warehouse"
    done = shop.run("ingest", "orders", "--date", DAY, check=False, HUITOU_WAREHOUSE_DSN=dsn)
    assert done.returncode == 4
    assert "hidden" not in done.stderr


def test_a_night_whose_file_is_missing_says_which(shop: Home) -> None:
    refused(shop, "ingest", "orders", "--date", "2026-11-22", says="orders: no file for 2026-11-22", code=4)


def test_an_unknown_key_of_a_feed_file_is_named(shop: Home, feeds: Path) -> None:
    text = (feeds / "orders.yml").read_text(encoding="utf-8")
    (feeds / "orders.yml").write_text(text + "colour: red\n", encoding="utf-8")
    refused(shop, "ingest", "orders", "--date", DAY, says="orders.yml: colour: unknown key", HUITOU_SOURCES=str(feeds))


def test_a_wrong_column_is_named_with_those_there_are(shop: Home, feeds: Path) -> None:
    path = feeds / "order_lines.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("product_id: {from: ", "product_id: {from: no_such_"), encoding="utf-8")
    says = "has no column 'no_such_"
    refused(shop, "ingest", "order_lines", "--date", DAY, says=says, HUITOU_SOURCES=str(feeds))
    assert shop.rows("select count(*) from raw.order_lines") == [(0,)]


def test_a_file_cut_in_half_is_refused_whole(shop: Home) -> None:
    path = shop.folder / "shop" / "drops" / DAY / "customers.csv.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(shop, "ingest", "customers", "--date", DAY, says="customers.csv.gz: the compressed file is cut or damaged")
    assert shop.rows("select count(*) from raw.customers") == [(0,)]
    assert shop.rows("select count(*) from landing.files where feed = 'customers'") == [(0,)]
    path.write_bytes(whole)
    assert shop.json("ingest", "customers", "--date", DAY)["loaded"] > 0


def test_a_night_that_fails_names_task_and_reason_and_sends_nothing(shop: Home) -> None:
    path = shop.folder / "shop" / "drops" / DAY / "orders.csv.gz"
    hidden = path.rename(path.with_suffix(".hidden"))
    done = shop.run("night", "--date", DAY, check=False, HUITOU_CLOCK="morning-after")
    hidden.rename(path)
    assert done.returncode == 1
    assert "ingest_feeds.ingest_feed[orders]: orders: no file for 2026-11-21" in done.stderr
    assert shop.rows("select count(*) from ops.plans") == [(0,)]
    assert shop.accepted() == []


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken, new_home() as home:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(home, "db", "start", says=port, HUITOU_DB_PORT=port)
        refused(home, "sandbox", "start", "--port", port, says=port)


def test_a_wrong_python_is_told_which_one_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    with pytest.raises(SystemExit, match=r"Huitou needs Python 3.11, 3.12 or 3.13; this one is 3.10"):
        runpy.run_path(str(PROJECT_ROOT / ".ci" / "python_version.py"))
