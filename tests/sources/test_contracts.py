"""The contracts as files: each says enough to make a table, a cast and a vault of it, and no more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT
from huitou.sources.contract import Contract, contracts, load_contract

CONTRACTS = list(contracts().values())
NUMBERS = ("integer", "number", "money")
# What people write, and words by which a contact point is called, in any feed.
WRITTEN = ("title", "body", "comment", "detail", "subject", "words", "remark", "note", "text", "message")
CONTACTS = {"phone": "phone", "mobile": "phone", "email": "email", "name": "name"}
PLACES = {"products.name", "categories.name"}
VISITS: dict[str, Any] = {
    "describes": "One visit.",
    "key": ["visit_id"],
    "version": "updated_at",
    "columns": {"visit_id": {"type": "text", "required": True}, "updated_at": {"type": "timestamp"}},
}


def test_every_feed_of_a_shop_has_a_contract() -> None:
    """The feeds that the issue of sources names, and those that the shop's catalogue and money need."""
    assert {contract.feed for contract in CONTRACTS} >= {
        "customers",
        "consent_events",
        "orders",
        "order_lines",
        "payments",
        "refunds",
        "returns",
        "deliveries",
        "reviews",
        "survey_requests",
        "survey_responses",
        "tickets",
        "ticket_events",
        "behaviour_events",
        "points_events",
        "coupon_redemptions",
        "message_receipts",
        "products",
        "exchange_rates",
    }


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.feed)
def test_a_contract_says_what_a_record_is(contract: Contract) -> None:
    assert len(contract.describes) > 15
    assert contract.describes.endswith(".")
    assert contract.key
    for name in (contract.feed, *contract.columns):
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name), name


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.feed)
def test_words_of_people_and_contact_points_have_their_types(contract: Contract) -> None:
    for name, column in contract.columns.items():
        if name in WRITTEN:
            assert column.type == "free_text", name
        if name in CONTACTS and f"{contract.feed}.{name}" not in PLACES:
            assert column.type == CONTACTS[name], name


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.feed)
def test_money_stands_beside_its_currency(contract: Contract) -> None:
    if any(column.type == "money" for column in contract.columns.values()):
        assert "currency" in contract.columns or contract.feed == "order_lines"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.feed)
def test_limits_are_of_the_column_s_own_kind(contract: Contract) -> None:
    for name, column in contract.columns.items():
        assert column.type in NUMBERS or (column.minimum is None and column.maximum is None), name
        assert column.type == "text" or not column.allowed, name
        assert len(set(column.allowed)) == len(column.allowed), name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"key": ["visit_no"]}, "key: visit_no is not a column. Did you mean visit_id?"),
        ({"key": []}, "key: name at least one column"),
        ({"key": ["updated_at"]}, "key: updated_at must be required: a key is never empty"),
        ({"version": "updated"}, "version: updated is not a column. Did you mean updated_at?"),
        ({"version": "visit_id"}, "version: visit_id is text, but a version is a timestamp"),
        ({"colums": {}}, "colums: unknown key. Did you mean columns? Allowed are: "),
        ({"columns": {"visit_id": {"type": "string", "required": True}}}, "columns.visit_id.type: 'string' is not"),
        ({"columns": {"visit_id": {"type": "text", "require": True}}}, "Did you mean required?"),
        (
            {"columns": VISITS["columns"] | {"_line": {"type": "integer"}}},
            "columns._line: give a name of lower-case letters, digits and _ that begins with a letter",
        ),
        ({"columns": VISITS["columns"] | {"Store": {"type": "text"}}}, "columns.Store: give a name"),
        (
            {"columns": VISITS["columns"] | {"store": {"type": "text", "minimum": 1}}},
            "columns.store: minimum and maximum are for integer, number, money",
        ),
        (
            {"columns": VISITS["columns"] | {"n": {"type": "integer", "allowed": ["1"]}}},
            "columns.n: allowed is for text",
        ),
        (
            {"columns": VISITS["columns"] | {"n": {"type": "money", "codes": [99]}}},
            "columns.n: codes is for integer, not for money",
        ),
    ],
)
def test_a_mistake_in_a_contract_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = tmp_path / "visits.yml"
    path.write_text(yaml.safe_dump(VISITS | change), encoding="utf-8")
    with pytest.raises(UserError, match=re.escape(says)) as caught:
        load_contract(path)
    assert str(path) in str(caught.value)


def test_a_contract_of_an_ill_named_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Store-Visits.yml"
    path.write_text(yaml.safe_dump(VISITS), encoding="utf-8")
    with pytest.raises(UserError, match="feed: give a name"):
        load_contract(path)


def test_no_code_of_the_package_lists_feeds_by_name() -> None:
    """Adding a feed needs no Python: no module names several of them, but for the demo shop, which invents them."""
    feeds = {contract.feed for contract in CONTRACTS if "_" in contract.feed}
    package = PROJECT_ROOT / "plugins" / "huitou"
    naming = {
        str(path.relative_to(package)): {feed for feed in feeds if f'"{feed}"' in path.read_text(encoding="utf-8")}
        for path in package.rglob("*.py")
        if "shop" not in path.relative_to(package).parts
    }
    assert {path: names for path, names in naming.items() if len(names) > 1} == {}
