"""The seam to the shop's systems: one interface, and a file of secrets whose values no message repeats."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_args

import pytest

from factories.extraction import ShopSystem
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.access import access
from huitou.sources.connectors import MODULES, Connector, connector
from huitou.sources.feeds import CONNECTORS, Feed, load_source_set

SECRET = "hunter2"
BY_SQL = {"connection": "shop_db", "table": "orders"}
BY_HTTP = {"url": "https://api.example/v1/orders"}


@pytest.fixture
def shop(tmp_path: Path) -> ShopSystem:
    return ShopSystem(tmp_path, Settings(home=tmp_path / "home"), shop_db={"dsn": f"postgresql://u:{SECRET}@h/d"})


def test_every_connector_of_a_feed_file_has_its_module() -> None:
    assert set(MODULES) == set(CONNECTORS) == set(get_args(Feed.model_fields["connector"].annotation))


@pytest.mark.parametrize(("kind", "part"), [("sql", BY_SQL), ("http", BY_HTTP)])
def test_a_connector_keeps_to_the_interface(shop: ShopSystem, kind: str, part: dict) -> None:
    shop.extracted(kind, part)
    chosen = connector(load_source_set(shop.settings).feed("orders"))
    for name in ("find", "land"):
        wanted = list(inspect.signature(getattr(Connector, name)).parameters)[1:]
        assert list(inspect.signature(getattr(chosen, name)).parameters) == wanted


@pytest.mark.parametrize(("kind", "part", "landed"), [("sql", BY_SQL, "parquet"), ("http", BY_HTTP, "jsonl")])
def test_an_extraction_is_read_as_what_it_is_landed_as(shop: ShopSystem, kind: str, part: dict, landed: str) -> None:
    shop.extracted(kind, part, files={"date_column": "ordered_at"})
    feed = load_source_set(shop.settings).feed("orders")
    assert (feed.files.format, feed.files.date_column) == (landed, "ordered_at")
    assert "ordered_at" in feed.source_columns


def test_the_secret_is_given_to_the_connector_alone(shop: ShopSystem) -> None:
    known = access(shop.settings, "shop_db")
    assert known.needed("dsn", "shop_db") == f"postgresql://u:{SECRET}@h/d"
    assert SECRET not in f"{known} {known!r}"
    with pytest.raises(UserError, match="shop_db has no token"):
        known.needed("token", "shop_db")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("shop_dbb: {dsn: x}", r"has no connection shop_db. Did you mean shop_dbb\?", id="name"),
        pytest.param("", "has no connection shop_db. It has: none", id="empty"),
        pytest.param(f"- {SECRET}", "must map names of connections", id="list"),
        pytest.param(f"shop_db: {SECRET}", "shop_db cannot be read: give it text", id="no mapping"),
        pytest.param(f"shop_db: {{{SECRET}: x}}", "shop_db cannot be read", id="unknown key"),
        pytest.param("shop_db: {token: [1]}", "shop_db.token cannot be read", id="no text"),
        pytest.param(f"shop_db:\n  token: *{SECRET}", "line 2 is not valid YAML. Put secrets between", id="YAML"),
        pytest.param(f"shop_db:\n  token: @{SECRET}", "line 2 is not valid YAML", id="YAML token"),
    ],
)
def test_a_file_of_connections_is_refused_without_a_word_of_what_it_holds(
    shop: ShopSystem, text: str, says: str
) -> None:
    assert shop.settings.connections is not None
    shop.settings.connections.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says) as caught:
        access(shop.settings, "shop_db")
    assert SECRET not in str(caught.value)


def test_the_file_of_connections_stands_in_the_home_unless_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with pytest.raises(UserError, match=r"keys/connections.yml does not exist: .*HUITOU_CONNECTIONS"):
        access(Settings(home=tmp_path), "shop_db")
    (tmp_path / "keys" / "connections.yml").write_text("shop_db: {token: t}", encoding="utf-8")
    assert access(Settings(home=tmp_path), "shop_db").needed("token", "shop_db") == "t"


def test_a_file_that_all_may_read_is_warned_of(shop: ShopSystem, caplog: pytest.LogCaptureFixture) -> None:
    assert shop.settings.connections is not None
    access(shop.settings, "shop_db")
    assert caplog.text == ""
    shop.settings.connections.chmod(0o644)
    access(shop.settings, "shop_db")
    assert "chmod 600" in caplog.text
