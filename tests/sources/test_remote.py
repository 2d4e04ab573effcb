"""Files on S3 and SFTP: found and landed as from a folder; refusals are told apart from absences, secrets never told."""

from __future__ import annotations

import gzip
import hashlib
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import fsspec.config
import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from factories.s3_server import KEY, SECRET, Bucket, s3_server
from factories.sftp_server import PASSWORD, Sftp, sftp_server
from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources.feeds import load_source_set
from huitou.sources.files import LandedFile, find, land

pytestmark = pytest.mark.integration
D1, D2 = date(2026, 11, 19), date(2026, 11, 20)
CONTENT = gzip.compress(orders_csv({}, {}).encode(), mtime=0)


@pytest.fixture
def shop(tmp_path: Path) -> SourceFactory:
    made = SourceFactory(tmp_path / "shop", Settings(home=tmp_path))
    made.feed("orders", ORDERS, files={"path": "{business_date}/orders.csv.gz"})
    return made


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    with s3_server() as server:
        configure(monkeypatch, "s3", {"key": KEY, "secret": SECRET, "endpoint_url": server.url})
        yield server


@pytest.fixture
def sftp(shop: SourceFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    with sftp_server(shop.drops, tmp_path) as server:
        configure(monkeypatch, "sftp", {"password": int(PASSWORD), "known_hosts": str(server.known_hosts)})
        yield server


def configure(monkeypatch: pytest.MonkeyPatch, protocol: str, values: dict[str, object]) -> None:
    monkeypatch.setitem(fsspec.config.conf, protocol, values)


def taken(shop: SourceFactory, night: date) -> list[LandedFile]:
    source_set = load_source_set(shop.settings)
    feed = source_set.feed("orders")
    files = find(shop.settings, source_set, feed, night)
    return [land(shop.settings, source_set, feed, file, shop.settings.home / "landing") for file in files]


def test_every_file_up_to_the_night_lands_as_sent_when_the_root_is_a_bucket(
    shop: SourceFactory, bucket: Bucket
) -> None:
    shop.source(root="s3://drops/shop")
    for day in range(14, 21):
        bucket.objects[f"shop/2026-11-{day}/orders.csv.gz"] = CONTENT
    bucket.objects["shop/2026-11-20/other.csv.gz"] = b"-"
    bucket.objects["shop/deep/2026-11-20/orders.csv.gz"] = b"-"
    landed = taken(shop, D1)
    assert [file.origin.name for file in landed] == [f"2026-11-{day}/orders.csv.gz" for day in range(14, 20)]
    assert {file.path.read_bytes() for file in landed} == {CONTENT}
    assert {file.sha256 for file in landed} == {hashlib.sha256(CONTENT).hexdigest()}
    listings = [request for request in bucket.requests if "list-type" in request and "delimiter" not in request]
    assert len(listings) <= 4  # nine objects, three a page: no listing a folder


def test_a_file_that_changes_in_the_bucket_has_another_stamp(shop: SourceFactory, bucket: Bucket) -> None:
    shop.source(root="s3://drops")
    bucket.objects["2026-11-19/orders.csv.gz"] = CONTENT
    before = taken(shop, D1)[0].origin.stamp
    assert taken(shop, D1)[0].origin.stamp == before
    bucket.objects["2026-11-19/orders.csv.gz"] = CONTENT + CONTENT
    assert taken(shop, D1)[0].origin.stamp != before


def test_a_wrong_secret_is_a_persons_to_mend_and_is_not_told(
    shop: SourceFactory, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.source(root="s3://drops")
    configure(monkeypatch, "s3", {"key": KEY, "secret": "not-it-at-all", "endpoint_url": bucket.url})
    with pytest.raises(UserError, match="s3://drops refused our key") as refusal:
        taken(shop, D1)
    assert "not-it-at-all" not in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_a_missing_bucket_is_a_missing_root(shop: SourceFactory, bucket: Bucket) -> None:
    shop.source(root="s3://elsewhere")
    with pytest.raises(UserError, match="s3://elsewhere does not exist"):
        taken(shop, D1)


def test_an_unknown_word_in_the_settings_of_s3_is_named(
    shop: SourceFactory, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.source(root="s3://drops")
    configure(monkeypatch, "s3", {"kee": KEY, "endpoint_url": bucket.url})
    with pytest.raises(UserError, match=r"hold 'kee'\. Allowed are: key, secret"):
        taken(shop, D1)


@pytest.mark.parametrize("scheme", ["s3", "sftp"])
def test_a_store_that_is_not_there_is_tried_again_later(
    shop: SourceFactory, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    shop.source(root="s3://drops" if scheme == "s3" else f"sftp://shop@127.0.0.1:{port}/")
    configure(monkeypatch, "s3", {"key": KEY, "secret": SECRET, "endpoint_url": f"http://127.0.0.1:{port}"})
    configure(monkeypatch, "sftp", {"password": PASSWORD})
    with pytest.raises(TransientError, match="could not be read"):
        taken(shop, D1)


def test_files_land_as_sent_when_the_root_is_an_sftp_server(shop: SourceFactory, sftp: Sftp) -> None:
    big = orders_csv(*[{}] * 20_000)
    shop.drop(D1, "orders.csv.gz", big)
    shop.drop(D2, "orders.csv.gz", orders_csv({}))
    shop.source(root=sftp.url)
    (landed,) = taken(shop, D1)
    assert landed.origin.name == "2026-11-19/orders.csv.gz"
    assert gzip.decompress(landed.path.read_bytes()).decode() == big
    assert [file.origin.name for file in taken(shop, D2)] == ["2026-11-19/orders.csv.gz", "2026-11-20/orders.csv.gz"]


def test_an_sftp_server_with_another_key_is_refused(
    shop: SourceFactory, sftp: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.source(root=sftp.url)
    configure(monkeypatch, "sftp", {"password": PASSWORD})
    with pytest.raises(UserError, match="key is not the one in known_hosts"):
        taken(shop, D1)


def test_a_wrong_password_is_a_persons_to_mend_and_is_not_told(
    shop: SourceFactory, sftp: Sftp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.source(root=sftp.url)
    configure(monkeypatch, "sftp", {"password": "open-sesame", "known_hosts": str(sftp.known_hosts)})
    with pytest.raises(UserError, match="refused the log-in") as refusal:
        taken(shop, D1)
    assert "open-sesame" not in str(refusal.value)


def test_a_password_in_the_root_is_refused_and_not_told(shop: SourceFactory) -> None:
    shop.source(root="sftp://shop:open-sesame@127.0.0.1/")
    with pytest.raises(UserError, match="FSSPEC_SFTP_PASSWORD") as refusal:
        taken(shop, D1)
    assert "open-sesame" not in str(refusal.value)


def test_a_root_with_an_unknown_scheme_is_refused(shop: SourceFactory) -> None:
    shop.source(root="gopher://127.0.0.1/")
    with pytest.raises(UserError, match="gopher"):
        taken(shop, D1)


def test_the_root_of_the_settings_may_be_a_url(shop: SourceFactory) -> None:
    settings = Settings.from_env({"HUITOU_SOURCE_ROOT": "s3://drops/shop", "HUITOU_SOURCES": str(shop.folder)})
    assert load_source_set(settings).root == "s3://drops/shop"
