"""Feed files: a mistake is named by file, key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy
import yaml

from factories.feeds import ORDERS, SourceFactory
from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.contract import contracts
from huitou.sources.extract_spec import HttpSpec, PagingSpec, SignatureSpec, SqlSpec, bound_names
from huitou.sources.feeds import load_source_set
from huitou.yaml_files import Strict

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


SQL = {"connection": "shop_db", "table": "orders", "cursor": "updated_at"}
HTTP = {"url": "https://api.example/v1/orders"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"connector": "sql"}, "connector sql needs a part sql:", id="no part"),
        pytest.param({"connector": "sql", "sql": SQL, "http": HTTP}, "sql takes no part http:", id="two parts"),
        pytest.param({"connector": "files", "files": {"path": "x", "format": "csv"}, "sql": SQL}, "no part sql:"),
        pytest.param({"connector": "sql", "sql": SQL, "files": {"format": "csv"}}, "files.format: is settled by"),
        pytest.param({"sql": {"connection": "x"}}, "exactly one of: table, query", id="nothing to read"),
        pytest.param({"sql": SQL | {"query": "select 1"}}, "exactly one of: table, query", id="two to read"),
        pytest.param({"sql": SQL | {"tabel": "x"}}, r"sql.tabel: unknown key. Did you mean table\?", id="key"),
        pytest.param({"sql": SQL | {"connection": "a://b:c@d"}}, "sql.connection: String should match", id="a DSN"),
        pytest.param(
            {"sql": {"connection": "x", "query": "select :day_begin"}}, r":day_begin is no parameter.*:day_end"
        ),
        pytest.param(
            {"sql": {"connection": "x", "query": "select :cursor", "cursor": "a"}}, "needs cursor: and start:"
        ),
        pytest.param({"sql": SQL | {"look_back": "2 hours"}}, "sql.look_back: write a number with s, m, h or d"),
        pytest.param({"sql": SQL | {"look_back": 500}}, "look_back: a duration for a time", id="number for a time"),
        pytest.param({"sql": SQL | {"cursor_type": "integer", "look_back": "2h"}}, "a number for an integer cursor"),
        pytest.param({"sql": SQL | {"cursor_type": "date", "look_back": "2h"}}, "of a date cursor in days"),
        pytest.param({"sql": SQL | {"cursor_type": "text", "look_back": "2h"}}, "a text cursor has none"),
        pytest.param({"sql": SQL | {"time_zone": "Asia/Shanghia"}}, r"Did you mean Asia/Shanghai\?", id="zone"),
        pytest.param({"http": {"url": "ftp://x/y"}}, "http.url: String should match", id="scheme"),
        pytest.param({"http": {"url": "https://u:p@x/y"}}, "http.url: String should match", id="account in the URL"),
        pytest.param({"http": HTTP | {"auth": "bearer"}}, "bearer and hmac need connection:", id="no secret"),
        pytest.param({"http": HTTP | {"connection": "x"}}, "a connection needs one of them", id="secret for nothing"),
        pytest.param({"http": HTTP | {"headers": {"Cookie": "a=b"}}}, "headers: Cookie is a secret", id="cookie"),
        pytest.param({"http": HTTP | {"until": "to"}}, "until: goes with since:", id="until alone"),
        pytest.param({"http": HTTP | {"time_format": "iso8601"}}, "time_format: one of iso, date", id="time format"),
        pytest.param({"http": HTTP | {"paging": {"style": "page"}}}, "paging by page needs param:", id="no param"),
        pytest.param(
            {"http": HTTP | {"paging": {"style": "cursor", "param": "c"}}}, "cursor needs next:", id="no next"
        ),
        pytest.param({"http": HTTP | {"paging": {"size": 5}}}, "give size and size_param together", id="size"),
        pytest.param(
            {"http": HTTP | {"signature": {"text": "{method}"}}}, "{target} must be in it", id="target unsigned"
        ),
        pytest.param({"http": HTTP | {"signature": {"text": "{target}{body}"}}}, "write it of {timestamp}", id="part"),
    ],
)
def test_an_extraction_is_refused_when_its_part_is_wrong(factory: SourceFactory, changes: dict, says: str) -> None:
    kind = changes.get("connector") or next(iter(changes))
    body = {"feed": "orders", "describes": "x", "owner": "x", "connector": kind}
    columns = {name: {"from": name} for name in ORDERS}
    text = yaml.safe_dump(body | {"columns": columns} | changes)
    (factory.folder / "orders.yml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says):
        load_source_set(factory.settings)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("select a::date, '10:30', :day_start from t where b > :cursor", ["day_start", "cursor"]),
        (r"select '\:x', :business_date", ["business_date"]),
        ("select 1", []),
    ],
)
def test_the_parameters_of_a_query_are_those_that_the_database_is_given(query: str, names: list[str]) -> None:
    assert bound_names(query) == names
    assert set(sqlalchemy.text(query).compile().params) == set(names)


@pytest.mark.parametrize(("kind", "part"), [("sql", SqlSpec), ("http", HttpSpec)])
def test_every_key_of_an_extraction_is_explained(kind: str, part: type[Strict]) -> None:
    text = (PROJECT_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [name for name in part.model_fields if f"`{kind}.{name}`" not in text] == []
    assert [name for name in PagingSpec.model_fields if f"`{name}`" not in text] == []
    assert [name for name in SignatureSpec.model_fields if f"`{name}`" not in text] == []
