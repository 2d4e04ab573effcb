"""Feed files: a mistake is named by file, key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories.feeds import ORDERS, SourceFactory
from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.contract import contracts
from huitou.sources.feeds import load_source_set

SETS = sorted((PROJECT_ROOT / "dags" / "sources").iterdir())


@pytest.fixture
def factory(tmp_path: Path) -> SourceFactory:
    return SourceFactory(tmp_path, Settings(home=tmp_path / "home"))


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_every_shipped_set_loads(folder: Path, tmp_path: Path) -> None:
    source_set = load_source_set(Settings(home=tmp_path, sources=folder))
    assert source_set.name == folder.name
    assert {"orders", "order_lines", "customers", "reviews"} <= set(source_set.feeds)


def test_the_demo_set_feeds_every_contract_that_a_shop_alone_has() -> None:
    source_set = load_source_set(Settings(sources=PROJECT_ROOT / "dags" / "sources" / "demo"))
    assert set(contracts()) - set(source_set.feeds) == {"categories", "sellers"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"feeed": "x"}, r"orders.yml: feeed: unknown key. Did you mean feed\?", id="unknown key"),
        pytest.param(
            {"files": {"formatt": "csv"}}, r"files.formatt: unknown key.*Allowed are: path, format", id="nested key"
        ),
        pytest.param({"files": {"format": "xlsx"}}, r"files.format: 'xlsx' is not allowed.*'csv', 'jsonl'", id="value"),
        pytest.param({"connector": "ftp"}, r"connector: 'ftp' is not allowed", id="connector"),
        pytest.param({"feed": "orderz"}, r"the file is named orders.yml", id="name"),
    ],
)
def test_a_feed_file_is_refused_when_a_key_is_wrong(factory: SourceFactory, changes: dict, says: str) -> None:
    factory.feed("orders", ORDERS, **changes)
    with pytest.raises(UserError, match=says):
        load_source_set(factory.settings)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param(
            {"order_idd": {"from": "a"}},
            r"columns.order_idd: not in the contract. Did you mean order_id\?",
            id="column",
        ),
        pytest.param({"order_id": {"from": "a"}}, r"requires customer_id, ordered_at, status", id="required"),
        pytest.param(
            {"order_id": {"from": "a", "const": "b"}}, r"exactly one of: from, const, ordinal", id="two origins"
        ),
        pytest.param(
            {"order_id": {"formats": "a"}},
            r"columns.order_id.formats: unknown key. Did you mean format\?",
            id="key of column",
        ),
        pytest.param(
            {"ordered_at": {"from": "a", "time_zone": "Asia/Shanghia"}}, r"Did you mean Asia/Shanghai\?", id="zone"
        ),
    ],
)
def test_a_mapping_is_refused_when_it_does_not_meet_the_contract(
    factory: SourceFactory, columns: dict, says: str
) -> None:
    factory.feed("orders", columns)
    with pytest.raises(UserError, match=says):
        load_source_set(factory.settings)


def test_a_set_is_refused_when_the_folder_holds_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no _source.yml. Set HUITOU_SOURCES"):
        load_source_set(Settings(sources=tmp_path))


def test_a_file_is_refused_with_its_line_when_it_is_not_yaml(factory: SourceFactory) -> None:
    (factory.folder / "orders.yml").write_text("feed: orders\ncolumns: [a\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"orders.yml: line 3"):
        load_source_set(factory.settings)


def test_a_wrong_time_zone_of_the_set_is_named(factory: SourceFactory) -> None:
    factory.source(time_zone="China")
    factory.feed("orders", ORDERS)
    with pytest.raises(UserError, match=r"_source.yml: time_zone: not an IANA time zone"):
        load_source_set(factory.settings)
