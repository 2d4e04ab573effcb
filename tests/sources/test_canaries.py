"""Canaries: a phone number, an address and a name are planted in every column of every feed, and found in the vault alone.

What is looked through: every table of the warehouse, the log at DEBUG and the messages of errors. The landed files are
the shop's own words and have their retention.
"""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.feeds import SourceFactory
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.contract import NUMBERS, Column, Contract, contracts
from huitou.sources.ingest import ingest
from huitou.sources.quarantine import Selection, dismiss, one_case, open_cases, release

pytestmark = pytest.mark.integration
D1, D2 = date(2026, 11, 19), date(2026, 11, 20)
PHONE, EMAIL, NAME = "13911112222", "canary@example.com", "金丝雀"
BORN = "1987-11-19"
SECRETS = (PHONE, BORN, "1987/11/19", "19871119", "139 1111 2222", "139-1111-2222", EMAIL, NAME)
# As people write them: beside Chinese characters, letters, line breaks and each other.
WRITTEN = (
    f"请打电话{PHONE}谢谢",
    f"tel{PHONE} or {EMAIL}",
    f"一\n{EMAIL}\t{PHONE},{PHONE}",
    "号码139 1111 2222，或+86-139-1111-2222",
)
WRONG_PLACE = (PHONE, EMAIL, f"电话{PHONE}", f"+86 {PHONE}", f"一\n{EMAIL}", "139-1111-2222")
GOOD = {
    "text": "x",
    "free_text": WRITTEN[0],
    "integer": "1",
    "number": "1",
    "money": "1",
    "currency": "CNY",
    "boolean": "1",
    "date": "2026-11-19",
    "timestamp": "2026-11-19 10:00:00",
    "month_day": BORN,
    "phone": PHONE,
    "email": EMAIL,
    "wechat": "canary_wechat",
    "name": NAME,
}


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    for name, contract in contracts().items():
        factory.feed(name, tuple(contract.columns))
    return factory


def good(contract: Contract, number: int) -> dict[str, str]:
    def value(name: str, column: Column) -> str:
        if name in contract.key and column.type == "text" and not column.allowed:
            return f"k{number}"
        if name in contract.key and column.type == "integer":
            return str(number)
        return column.allowed[0] if column.allowed else GOOD[column.type]

    return {name: value(name, column) for name, column in contract.columns.items()}


def rows(contract: Contract) -> Iterator[dict[str, str]]:
    """Good rows with each way to write it in each column of words, then one row for each column and wrong place."""
    number = 1
    yield good(contract, number)
    for text in WRITTEN:
        number += 1
        words = {n: text for n, c in contract.columns.items() if c.type == "free_text" or contract.is_words(n)}
        yield good(contract, number) | words
    for name, column in contract.columns.items():
        # An id is the source's own name for a thing; it is kept as it is.
        if column.type == "text" and not column.allowed and not contract.is_words(name):
            continue
        for text in WRONG_PLACE:
            if column.type in NUMBERS and text.isdigit():
                continue
            number += 1
            yield good(contract, number) | {name: text}
        if column.type == "month_day":
            for text in ("1987/11/19", "19871119", f"{BORN} 08:00"):
                number += 1
                yield good(contract, number) | {name: text}
    # The key and version of the first row with other content.
    others = [n for n, c in contract.columns.items() if c.type == "free_text" or contract.is_words(n)]
    yield from (good(contract, 1) | {name: WRITTEN[1]} for name in others)


def csv_of(contract: Contract) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(contract.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows(contract))
    torn = f"k9999,{PHONE},{EMAIL},{NAME}" + ",x" * (len(contract.columns) + 1)
    return text.getvalue() + torn + "\n"


def told(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """Every row of every table, as a client would read it."""
    tables = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    for (name,) in tables:
        for (row,) in connection.execute(f"select t::text from {name} as t".encode()):
            yield name, row


@pytest.mark.parametrize("feed", sorted(contracts()))
def test_no_canary_is_outside_the_vault(
    shop: SourceFactory, connection: psycopg.Connection, caplog: pytest.LogCaptureFixture, feed: str
) -> None:
    caplog.set_level(logging.DEBUG)
    contract = contracts()[feed]
    shop.drop(D1, f"{feed}.csv", csv_of(contract))
    first = ingest(shop.settings, feed, D1)
    assert first.loaded >= 1
    assert first.quarantined > len(WRONG_PLACE)
    # Another night of the same, a mended mapping, the verbs, and a file that cannot be read.
    shop.drop(D2, f"{feed}.csv", csv_of(contract))
    ingest(shop.settings, feed, D2)
    said = [str(release(shop.settings, Selection(feed=feed, everything=True), "a person"))]
    dismiss(shop.settings, Selection(feed=feed, everything=True), f"请看{PHONE}或{EMAIL}", "a person")
    cases = open_cases(shop.settings, feed, closed=True)
    said += [str(cases), *(str(one_case(shop.settings, case.example)) for case in cases)]
    for broken in (f"{PHONE},{EMAIL}\n1,2\n", f"{PHONE},{PHONE},{EMAIL}\n1,2,3\n", f'"{PHONE}\n{EMAIL}'):
        shop.drop(D2, f"{feed}.csv", broken)
        with pytest.raises(UserError) as caught:
            ingest(shop.settings, feed, D2)
        said.append(str(caught.value))
    found = {(name, secret) for name, row in told(connection) for secret in SECRETS if secret in row}
    assert found == set()
    for secret in SECRETS:
        assert secret not in caplog.text
        assert not any(secret in one for one in said)
