"""Extraction from an API over real HTTP on loopback: every page once, whatever breaks on the way."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from factories import lander
from factories.extraction import ShopSystem
from factories.feeds import ORDERS
from factories.shop_api import Fault, ShopApi, self_signed
from huitou.errors import PermanentError, TransientError, UserError
from huitou.settings import PROJECT_ROOT, Settings, process_environment
from huitou.sources import http_source
from huitou.sources.connectors import connector
from huitou.sources.extract_spec import HttpSpec
from huitou.sources.feeds import load_source_set
from huitou.sources.files import LandedFile
from huitou.sources.http_access import signed
from huitou.sources.http_journal import Journal
from huitou.sources.http_pace import Bucket
from huitou.sources.http_pages import NotAPageError, Page, read_page
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration

D1, D2, D3 = date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)
STYLES: dict[str, dict[str, Any]] = {
    "page": {"style": "page", "param": "page"},
    "cursor": {"style": "cursor", "param": "cursor", "next": "meta.next"},
    "link": {"style": "link"},
}
SECRETS = {"token": "hunter2", "secret": "sandbox-secret", "key_id": "shop-1"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_source, "BACKOFF_BASE", 0.001)


def orders(count: int) -> list[dict[str, Any]]:
    return [
        {name: f"{name}-{n}" for name in ORDERS}
        | {"order_id": f"o{n}", "ordered_at": "2026-11-18 10:00:00", "status": "paid", "currency": "CNY"}
        | {"discount": 12.5, "updated_at": "2026-11-18 10:00:00", "remark": '"钱"\n\u2028 🎁'}
        for n in range(count)
    ]


def shop_of(folder: Path, settings: Settings, api: ShopApi, **part: Any) -> ShopSystem:
    place = folder / "system"
    place.mkdir()
    shop = ShopSystem(place, settings, shop_api=SECRETS)
    write(shop, api, **part)
    return shop


def write(shop: ShopSystem, api: ShopApi, **part: Any) -> None:
    """The feed file for that API; ``part`` changes it."""
    body = {
        "url": api.url,
        "records": "data.orders",
        "per_second": 1000,
        "timeout_seconds": 1,
        "paging": STYLES[api.style],
    }
    shop.extracted("http", body | part, ignore=["remark"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """No warehouse: an extraction without a window needs none."""
    return Settings(home=tmp_path / "home")


def landed(shop: ShopSystem, night: date = D1) -> LandedFile:
    source_set = load_source_set(shop.settings)
    feed = source_set.feed("orders")
    source = connector(feed)
    (file,) = source.find(shop.settings, source_set, feed, night)
    return source.land(shop.settings, source_set, feed, file, shop.settings.home / "landing")


def ids_of(file: LandedFile) -> list[str]:
    return [json.loads(line)["order_id"] for line in file.path.read_bytes().splitlines()]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [0, 9, 10, 35])
def test_every_record_is_landed_once_in_each_style(tmp_path: Path, settings: Settings, style: str, count: int) -> None:
    with ShopApi(orders(count), style) as api:
        file = landed(shop_of(tmp_path, settings, api))
    assert ids_of(file) == [f"o{n}" for n in range(count)]
    assert file.path.stat().st_mode & 0o077 == 0
    assert list(file.path.parent.iterdir()) == [file.path]


@pytest.mark.parametrize("fault", ["reset", "cut", "slow", "html", 500, 502, 503, 429, 408])
def test_a_page_is_asked_for_again_when_it_does_not_come(tmp_path: Path, settings: Settings, fault: int | str) -> None:
    with ShopApi(orders(35)) as api:
        api.faults = {1: Fault(fault), 3: Fault(fault), 4: Fault(fault)}
        file = landed(shop_of(tmp_path, settings, api, timeout_seconds=0.3))
        assert [asked.query["page"] for asked in api.asked] == ["1", "1", "2", "2", "2", "3", "4", "5"]
    assert ids_of(file) == [f"o{n}" for n in range(35)]


def test_a_break_goes_on_behind_the_last_page_when_the_api_stays_away(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(35)) as api:
        shop = shop_of(tmp_path, settings, api, attempts=3)
        whole = landed(shop)
        api.asked.clear()
        api.faults = {n: Fault(503) for n in (3, 4, 5)}
        with pytest.raises(TransientError, match="gave no page in 3 tries: status 503"):
            landed(shop)
        assert landed(shop).sha256 == whole.sha256
        assert [asked.query["page"] for asked in api.asked] == ["1", "2", "3", "3", "3", "3", "4", "5"]


@pytest.mark.parametrize("style", STYLES)
def test_a_killed_extraction_lands_the_same_bytes_when_it_goes_on(
    tmp_path: Path, settings: Settings, style: str
) -> None:
    with ShopApi(orders(65), style) as api:
        shop = shop_of(tmp_path, settings, api, timeout_seconds=30)
        whole = landed(shop)
        once = len(api.asked)
        api.asked.clear()
        api.hold = 4
        environment = process_environment() | shop.settings.environment()
        environment["PYTHONPATH"] = f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT / 'tests'}"
        child = subprocess.Popen([sys.executable, str(lander.__file__), D1.isoformat()], env=environment)
        assert api.held.wait(30)
        child.send_signal(signal.SIGKILL)
        assert child.wait(10) == -signal.SIGKILL
        api.hold = 0
        assert landed(shop).sha256 == whole.sha256
        # The three pages that had come were not asked for again.
        assert len(api.asked) == once + 1


def test_it_begins_again_when_the_page_at_which_it_broke_off_is_gone(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(35), "cursor") as api:
        shop = shop_of(tmp_path, settings, api, attempts=1)
        api.faults = {3: Fault(500), 4: Fault(410)}
        with pytest.raises(TransientError):
            landed(shop)
        assert ids_of(landed(shop)) == [f"o{n}" for n in range(35)]
        assert [asked.query.get("cursor") for asked in api.asked] == [None, "10", "20", "20", None, "10", "20", "30"]


def test_it_begins_again_when_something_else_is_asked_for(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(35)) as api:
        shop = shop_of(tmp_path, settings, api, attempts=1)
        api.faults = {3: Fault(500)}
        with pytest.raises(TransientError):
            landed(shop)
        write(shop, api, params={"status": "paid"})
        landed(shop)
        assert [asked.query["page"] for asked in api.asked[3:]] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_refusal_is_final_and_tells_no_secret(tmp_path: Path, settings: Settings, status: int) -> None:
    with ShopApi(orders(35)) as api:
        api.faults = {2: Fault(status)}
        shop = shop_of(tmp_path, settings, api, auth="bearer", connection="shop_api")
        with pytest.raises(PermanentError, match=f"refuses with status {status}") as caught:
            landed(shop)
        assert len(api.asked) == 2
    assert "hunter2" not in str(caught.value)


def test_the_wait_that_the_api_asks_for_is_kept(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(5)) as api:
        api.faults = {1: Fault(429, {"Retry-After": "1"})}
        landed(shop_of(tmp_path, settings, api))
        assert 1.0 <= api.asked[1].at - api.asked[0].at < 2.5


@pytest.mark.parametrize("header", ["600", format_datetime(datetime(2999, 1, 1, tzinfo=UTC), usegmt=True)])
def test_a_wait_that_is_too_long_is_left_to_a_later_try(tmp_path: Path, settings: Settings, header: str) -> None:
    with ShopApi(orders(5)) as api:
        api.faults = {1: Fault(429, {"Retry-After": header})}
        with pytest.raises(TransientError, match="asks to wait for"):
            landed(shop_of(tmp_path, settings, api))
        assert len(api.asked) == 1


def test_the_pace_is_kept(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(55)) as api:
        landed(shop_of(tmp_path, settings, api, per_second=20))
        moments = [asked.at for asked in api.asked]
    assert len(moments) == 7
    assert moments[-1] - moments[0] >= 6 / 20 - 0.02


@given(st.floats(0.1, 100), st.lists(st.floats(0, 5), min_size=1, max_size=30))
def test_no_second_holds_more_requests_than_the_bucket_gives(per_second: float, pauses: list[float]) -> None:
    now = [0.0]
    taken: list[float] = []

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    async def run() -> None:
        bucket = Bucket(per_second, lambda: now[0], sleep)
        for pause in pauses:
            now[0] += pause
            await bucket.take()
            taken.append(now[0])

    # Without a loop: a loop opens sockets of its own.
    with pytest.raises(StopIteration):
        run().send(None)
    assert all(b - a >= 1 / per_second - 1e-9 for a, b in itertools.pairwise(taken))


def test_redirects_are_refused_unless_they_stay_on_the_host(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(5)) as api:
        shop = shop_of(tmp_path, settings, api)
        api.faults = {1: Fault(301, {"Location": "/v2/orders?page=1"})}
        with pytest.raises(PermanentError, match=r"more often than http.redirects allows"):
            landed(shop)
        write(shop, api, redirects=1)
        api.faults = {2: Fault(301, {"Location": "/v2/orders?page=1"})}
        assert len(ids_of(landed(shop))) == 5
        api.asked.clear()
        api.faults = {1: Fault(302, {"Location": "http://127.0.0.2/v1/orders"})}
        with pytest.raises(PermanentError, match="redirects to another host"):
            landed(shop)


def test_a_link_to_another_host_is_refused(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(5)) as api:
        api.raw = lambda text: text.replace("{", '{"links": {"next": "https://evil.example/x"}, ', 1)
        shop = shop_of(tmp_path, settings, api, paging={"style": "link", "next": "links.next"})
        with pytest.raises(PermanentError, match=r"leads to another host, https://evil.example"):
            landed(shop)


def test_a_page_that_is_too_large_is_refused(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(10)) as api:
        shop = shop_of(tmp_path, settings, api, page_bytes=500)
        with pytest.raises(PermanentError, match="larger than 500 bytes"):
            landed(shop)


@pytest.mark.parametrize("total", [36, 34])
def test_nothing_is_landed_when_the_count_of_the_api_is_another(tmp_path: Path, settings: Settings, total: int) -> None:
    with ShopApi(orders(35), total=total) as api:
        shop = shop_of(tmp_path, settings, api, total="meta.total")
        with pytest.raises(TransientError, match=f"says that there are {total} records and gave 35"):
            landed(shop)
        assert list((shop.settings.home / "landing").iterdir()) == []
        api.total = 35
        assert len(ids_of(landed(shop))) == 35
        assert api.asked[-5].query["page"] == "1"


@pytest.mark.parametrize(
    ("part", "says"),
    [
        pytest.param({"records": "data.rows"}, "has no data.rows, where http.records looks", id="records"),
        pytest.param({"records": "meta.total"}, "what stands at meta.total is no list", id="no list"),
        pytest.param({"total": "meta.count"}, "has no meta.count, where http.total looks", id="total"),
        pytest.param({"total": "data.orders"}, "no whole number", id="total is no number"),
        pytest.param(
            {"paging": {"style": "cursor", "param": "c", "next": "page.next"}}, "has no page", id="parent of next"
        ),
        pytest.param(
            {"paging": {"style": "cursor", "param": "c", "next": "meta.total"}}, "the same page", id="no progress"
        ),
        pytest.param({"most_pages": 2}, "more than 2 pages", id="most pages"),
    ],
)
def test_an_answer_that_the_feed_file_does_not_describe_is_refused(
    tmp_path: Path, settings: Settings, part: dict[str, Any], says: str
) -> None:
    with ShopApi(orders(35)) as api:
        shop = shop_of(tmp_path, settings, api, **part)
        with pytest.raises(PermanentError, match=says):
            landed(shop)


def test_a_record_is_landed_byte_for_byte() -> None:
    spec = HttpSpec(url="http://h/x", records=())
    body = '[ {"price": 12.50, "big": 123456789012345678901234567890,\r\n\n "a": "\\u94b1 \\n"} , {"e": 1e-7}, null ]'
    page = read_page(spec, "http://h/x", b"\xef\xbb\xbf" + body.encode(), None, None)
    assert page.lines.decode().splitlines() == [
        '{"price": 12.50, "big": 123456789012345678901234567890,    "a": "\\u94b1 \\n"}',
        '{"e": 1e-7}',
        "null",
    ]
    assert (page.records, page.is_last) == (3, True)


def test_an_answer_in_gbk_is_landed_in_utf8(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(0)) as api:
        shop = shop_of(tmp_path, settings, api)
        body = '{"data": {"orders": [{"order_id": "订单"}]}}'.encode("gbk")
        api.body = (body, "application/json; charset=gbk")
        write(shop, api, paging={"style": "none"}, attempts=2)
        assert ids_of(landed(shop)) == ["订单"]
        api.body = (body, "application/json; charset=klingon")
        with pytest.raises(TransientError, match="is not the klingon that it says"):
            landed(shop)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"data": {"orders": [{"a": 1}', b'{"data": {"orders": [1,]}}'])
def test_a_text_that_is_not_json_is_no_page(body: bytes) -> None:
    with pytest.raises(NotAPageError):
        read_page(HttpSpec(url="http://h/x", records="data.orders"), "http://h/x", body, None, None)


def test_a_bearer_token_goes_with_every_request(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(15)) as api:
        landed(shop_of(tmp_path, settings, api, auth="bearer", connection="shop_api", headers={"X-Version": "3"}))
        assert {asked.headers["Authorization"] for asked in api.asked} == {"Bearer hunter2"}
        assert {asked.headers["X-Version"] for asked in api.asked} == {"3"}


def test_a_token_goes_alone_in_a_header_of_its_own(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(1)) as api:
        landed(shop_of(tmp_path, settings, api, auth="bearer", connection="shop_api", auth_header="X-Access-Token"))
        assert api.asked[0].headers["X-Access-Token"] == "hunter2"
        assert "Authorization" not in api.asked[0].headers


def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(1), tls=self_signed(tmp_path)) as api:
        with pytest.raises(PermanentError, match="a certificate that is not trusted"):
            landed(shop_of(tmp_path, settings, api))
        assert api.asked == []


def test_a_signature_is_that_of_openssl() -> None:
    spec = HttpSpec(url="https://h/v1/orders", auth="hmac", connection="shop_api")
    headers = signed(spec, "sandbox-secret", "shop-1", "https://h/v1/orders?page=1", 1700000000.9)
    assert headers == {
        "X-Signature": "74301c7fc4ca0498cdcc9f5cbad29cb0cd372950c1f031508ad7aff5c86834a7",
        "X-Timestamp": "1700000000",
        "X-Key-Id": "shop-1",
    }
    other = {"digest": "sha512", "encoding": "base64", "header": "Sign"}
    spec = HttpSpec.model_validate(spec.model_dump() | {"signature": other})
    assert signed(spec, "sandbox-secret", "", "https://h/v1/orders?page=1", 1700000000.0) == {
        "Sign": "vEp/5oRXVPE7/IPLby5/lrzAjH2f1UkndwZsd+cwKz3hhlVE99aonsay5tiaF5oG2U1abhvKhSQURMoAVoFANw==",
        "X-Timestamp": "1700000000",
    }


def test_each_try_is_signed_anew_for_the_target_that_is_asked(tmp_path: Path, settings: Settings) -> None:
    with ShopApi(orders(15)) as api:
        api.faults = {1: Fault(429, {"Retry-After": "1"})}
        landed(shop_of(tmp_path, settings, api, auth="hmac", connection="shop_api"))
        stamps = [int(asked.headers["X-Timestamp"]) for asked in api.asked]
        assert stamps[1] > stamps[0]
        assert len({asked.headers["X-Signature"] for asked in api.asked}) == len(api.asked)


@pytest.mark.parametrize("auth", ["bearer", "hmac"])
def test_a_secret_that_lacks_is_named(tmp_path: Path, settings: Settings, auth: str) -> None:
    with ShopApi(orders(1)) as api:
        shop = shop_of(tmp_path, settings, api, auth=auth, connection="shop_api")
        shop.connect(shop_api={"dsn": "x"})
        with pytest.raises(UserError, match=f"shop_api has no {'token' if auth == 'bearer' else 'secret'}"):
            landed(shop)


@pytest.mark.parametrize(
    ("part", "since", "until"),
    [
        ({}, "2026-11-18T00:00:00+08:00", "2026-11-19T00:00:00+08:00"),
        ({"time_format": "date", "inclusive_until": True}, "2026-11-18", "2026-11-18"),
        ({"time_format": "unix"}, "1794931200", "1795017600"),
        ({"time_format": "unix_ms", "start": "2026-11-17"}, "1794844800000", "1795017600000"),
        ({"time_format": "%Y%m%d %H:%M:%S", "inclusive_until": True}, "20261118 00:00:00", "20261118 23:59:59"),
    ],
)
def test_the_window_is_asked_for_in_the_words_of_the_api(
    tmp_path: Path, warehouse: Settings, part: dict[str, Any], since: str, until: str
) -> None:
    with ShopApi(orders(1)) as api:
        landed(shop_of(tmp_path, warehouse, api, since="from", until="to", **part))
        assert (api.asked[0].query["from"], api.asked[0].query["to"]) == (since, until)


def test_a_night_begins_where_the_last_one_ended_less_the_look_back(tmp_path: Path, warehouse: Settings) -> None:
    with ShopApi(orders(12)) as api:
        shop = shop_of(tmp_path, warehouse, api, since="from", until="to", look_back="2h", total="meta.total")
        first = ingest(shop.settings, "orders", D1)
        assert (first.loaded, first.quarantined) == (12, 0)
        again = ingest(shop.settings, "orders", D1)
        assert (again.files, again.loaded) == (1, 12)
        api.asked.clear()
        third = ingest(shop.settings, "orders", D3)
        assert (third.loaded, third.duplicate) == (0, 12)
        # The night between was missed: its hours are in the window.
        assert api.asked[0].query["from"] == "2026-11-18T22:00:00+08:00"
        assert api.asked[0].query["to"] == "2026-11-21T00:00:00+08:00"


def test_a_night_that_was_asked_before_its_end_is_seen_up_to_then(
    tmp_path: Path, warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = datetime(2026, 11, 18, 3, tzinfo=UTC)
    with ShopApi(orders(1)) as api:
        shop = shop_of(tmp_path, warehouse, api, since="from", until="to", look_back="0s")
        monkeypatch.setattr(http_source.time, "time", early.timestamp)
        ingest(shop.settings, "orders", D1)
        api.asked.clear()
        ingest(shop.settings, "orders", D2)
        assert api.asked[0].query["from"] == "2026-11-18T11:00:00+08:00"
    with connect(shop.settings) as connection:
        seen = connection.execute("select seen from landing.extracts order by file_id").fetchone()
    assert seen == (early.isoformat(),)


def test_an_order_with_its_items_becomes_a_row_a_line(tmp_path: Path, warehouse: Settings) -> None:
    items = [{"sku": "s1", "qty": 2, "price": "9.90"}, {"sku": "s2", "qty": 1, "price": "0.10"}]
    records = [{"id": f"o{n}", "changed": "2026-11-18 10:00:00", "items": items} for n in range(15)]
    columns = {
        "order_id": {"from": "parent.id"},
        "line_no": {"ordinal": ["parent.id"]},
        "product_id": {"from": "sku"},
        "quantity": {"from": "qty"},
        "unit_price": {"from": "price"},
        "updated_at": {"from": "parent.changed"},
    }
    with ShopApi(records, "link") as api:
        shop = shop_of(tmp_path, warehouse, api)
        text = (shop.folder / "orders.yml").read_text(encoding="utf-8")
        lines = yaml.safe_load(text) | {"feed": "order_lines", "columns": columns, "files": {"explode": "items"}}
        (shop.folder / "order_lines.yml").write_text(yaml.safe_dump(lines), encoding="utf-8")
        result = ingest(shop.settings, "order_lines", D1)
    assert (result.loaded, result.quarantined) == (30, 0)
    with connect(shop.settings) as connection:
        total = connection.execute("select sum(quantity * unit_price), max(line_no) from raw.order_lines").fetchone()
    assert total == (Decimal("298.50"), 2)


@pytest.mark.parametrize("torn", [b'{"page": 2, "rec', b"", b"\x00\x00"])
def test_a_journal_goes_on_behind_its_last_whole_line(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "x.part"
    page = Page(b'{"a": 1}\n', 1, None, 2, False)
    journal = Journal(path, "r", 1.0)
    journal.add(page)
    journal.close()
    with path.open("ab") as rows, path.with_suffix(".journal").open("ab") as log:
        rows.write(b'{"half": ')
        log.write(torn)
    journal = Journal(path, "r", 2.0)
    assert (journal.pages, journal.records, journal.position, journal.began) == (1, 1, 2, 1.0)
    journal.add(page)
    journal.close()
    assert path.read_bytes() == b'{"a": 1}\n' * 2
    assert Journal(path, "r", 3.0).pages == 2
    other = Journal(path, "another request", 4.0)
    assert (other.pages, other.began, path.read_bytes()) == (0, 4.0, b"")


def test_a_journal_begins_again_when_a_line_of_it_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    journal = Journal(path, "r", 1.0)
    journal.add(Page(b'{"a": 1}\n', 1, None, 2, False))
    journal.close()
    with path.with_suffix(".journal").open("ab") as log:
        log.write(b"\x00\x00\n")
    assert (Journal(path, "r", 2.0).pages, path.read_bytes()) == (0, b"")


def test_a_journal_begins_again_when_its_rows_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    journal = Journal(path, "r", 1.0)
    journal.add(Page(b'{"a": 1}\n', 1, 1, None, True))
    journal.close()
    path.write_bytes(b"{")
    assert Journal(path, "r", 2.0).pages == 0
