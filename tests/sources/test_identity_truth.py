"""The rule for links, scored against the demo shop: who is the same person, and who only shares a phone."""

from __future__ import annotations

import csv
import gzip
import hashlib
from datetime import date
from pathlib import Path

import psycopg
import pytest

from factories.accounts import FIRST, Row, source_set, take_in
from huitou.shop.generate import generate
from huitou.shop.score import f1, found_pairs

pytestmark = pytest.mark.integration
LAST = date(2026, 1, 20)


def rows_of(drops: Path) -> list[Row]:
    """What the shop's customer files say, with hashes in the place of contact points."""
    found = []
    for path in sorted(drops.glob("*/customers.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                if line["member_no"]:
                    found.append(_row(line, (date.fromisoformat(path.parent.name) - FIRST).days))
    return found


def _row(line: dict[str, str], day: int) -> Row:
    def hashed(value: str) -> str | None:
        return hashlib.md5(value.removeprefix("+86").encode()).hexdigest() if value else None  # noqa: S324 (a name)

    return Row(
        day=day,
        account=line["member_no"],
        person=line["person_no"] or None,
        name=hashed(line["real_name"]),
        phone=hashed(line["mobile"]),
        email=hashed(line["email"]),
    )


def test_persons_are_the_planted_ones(connection: psycopg.Connection, tmp_path: Path) -> None:
    generate(tmp_path, 4000, 20, 3, LAST)
    with (tmp_path / "truth" / "customers.csv").open(encoding="utf-8") as file:
        truth = list(csv.DictReader(file))
    rows = rows_of(tmp_path / "drops")
    seen = {row.account for row in rows}
    stated = {row.account for row in rows if row.person}
    same = {
        frozenset((line["customer_id"], line["same_person_as"]))
        for line in truth
        if {line["customer_id"], line["same_person_as"]} <= stated
    }
    sharing = {
        frozenset((line["customer_id"], line["shares_phone_with"]))
        for line in truth
        if line["shares_phone_with"] and {line["customer_id"], line["shares_phone_with"]} <= seen
    }
    assert min(len(same), len(sharing)) >= 15
    take_in(connection, source_set(), rows)
    found = found_pairs(connection, "infinity")
    assert f1(found, same) >= 0.99
    assert not found & sharing
    # The rule that was not chosen: a phone joins whoever bears it.
    assert f1(same | sharing, same) < 0.75


def test_persons_are_found_where_the_source_says_nothing(connection: psycopg.Connection, tmp_path: Path) -> None:
    """Every twentieth customer comes again as a guest with their phone, every other time without a name."""
    generate(tmp_path, 4000, 20, 3, LAST)
    rows = [row for row in rows_of(tmp_path / "drops") if row.phone]
    newest = {row.account: row for row in rows}
    true = set()
    for number, row in enumerate(list(newest.values())[::20]):
        name = row.name if number % 2 else None
        rows.append(Row(day=row.day, account=f"guest{number}", name=name, phone=row.phone))
        true.add(frozenset((row.account, f"guest{number}")))
    rows = [Row(**{**row.__dict__, "person": None}) for row in rows]
    take_in(connection, source_set(), rows)
    found = found_pairs(connection, "infinity")
    assert len(true) > 100
    assert f1(found, true) >= 0.98
