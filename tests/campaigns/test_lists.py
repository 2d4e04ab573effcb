"""Marketing's list: one row a person to be reached, safe to open, nothing personal unless asked for."""

from __future__ import annotations

import csv
from pathlib import Path

import psycopg
import pytest

from factories.campaigns import DAY, CampaignFactory
from huitou.campaigns.lists import write_lists
from huitou.campaigns.planner import plan
from huitou.campaigns.why import why
from huitou.errors import UserError
from huitou.settings import Settings

pytestmark = pytest.mark.integration
PHONE = "+8613912345678"


@pytest.fixture
def planned(warehouse: Settings, connection: psycopg.Connection, tmp_path: Path) -> tuple[Settings, str]:
    factory = CampaignFactory(tmp_path / "shop", warehouse, connection)
    factory.campaign()
    key = factory.person(phone=PHONE, key="shop-77")
    factory.audience(key, factory.person(consent=None))
    plan(factory.settings, DAY)
    return factory.settings, key


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_holds_who_is_reached_with_reason_value_and_offer(planned: tuple[Settings, str]) -> None:
    settings, key = planned
    path = write_lists(settings, DAY)["winback"]
    assert path == settings.home / "lists" / "2026-11-20" / "winback.csv"
    [row] = rows(path)
    assert row["customer_key"] == key
    assert row["reason_zh"] == "很久没下单"
    assert (row["offer_threshold"], row["offer_amount"], row["offer_currency"]) == ("200", "30", "CNY")
    assert row["coupon"].startswith("HT")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_no_contact_point_stands_in_a_list_unless_it_was_asked_for(planned: tuple[Settings, str]) -> None:
    settings, _ = planned
    path = write_lists(settings, DAY)["winback"]
    assert PHONE not in path.read_text(encoding="utf-8")
    exported = write_lists(settings, DAY, with_contacts=True)["winback"]
    assert exported.name == "winback.contacts.csv"
    # The quote keeps a spreadsheet from reading the number as a formula.
    assert rows(exported)[0]["contact"] == "'" + PHONE
    assert exported.stat().st_mode & 0o077 == 0


def test_a_cell_cannot_start_a_formula(planned: tuple[Settings, str], connection: psycopg.Connection) -> None:
    settings, _ = planned
    connection.execute("update ops.decisions set reason = '=cmd|calc', reason_zh = '＠x'")
    [row] = rows(write_lists(settings, DAY)["winback"])
    assert (row["reason"], row["reason_zh"]) == ("'=cmd|calc", "'＠x")


def test_writing_again_gives_the_same_bytes(planned: tuple[Settings, str]) -> None:
    settings, _ = planned
    first = write_lists(settings, DAY)["winback"].read_bytes()
    assert write_lists(settings, DAY)["winback"].read_bytes() == first


def test_why_answers_by_key_and_by_the_shops_id(planned: tuple[Settings, str]) -> None:
    settings, key = planned
    by_key, by_id = why(settings, key), why(settings, "shop-77")
    assert by_key == by_id
    [reason] = by_key.reasons
    assert (reason.outcome, reason.message_state, reason.candidate_because) == (
        "send",
        "approved",
        "last order long ago",
    )
    assert why(settings, key, campaign="other").reasons == []
    with pytest.raises(UserError, match="No customer is known as 'nobody'"):
        why(settings, "nobody")
