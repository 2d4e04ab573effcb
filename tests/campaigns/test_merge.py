"""Across a merge: the cap, once a period and the holdout hold for the person, whichever key they were written under."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.campaigns import DAY, CampaignFactory, later
from huitou.campaigns.planner import plan
from huitou.campaigns.why import why
from huitou.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture
def shop(warehouse: Settings, connection: psycopg.Connection, tmp_path: Path) -> CampaignFactory:
    factory = CampaignFactory(tmp_path / "shop", warehouse, connection)
    factory.campaign()
    return factory


def merge(connection: psycopg.Connection, loser: str, survivor: str, since: date = DAY) -> None:
    connection.execute(
        "insert into vault.person_keys select %(l)s, nextval('vault.recordings'), d, k"
        " from (values (date '0001-01-01', null), (%(s)s::date, %(w)s)) as v (d, k)",
        {"l": loser, "s": since, "w": survivor},
    )


def outcome(shop: CampaignFactory, connection: psycopg.Connection, key: str, days: int) -> str:
    shop.audience(key, day=later(days))
    plan(shop.settings, later(days))
    row = connection.execute(
        "select outcome from ops.decisions where customer_key = %s and business_date = %s and campaign = 'winback'",
        (key, later(days)),
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("survivor_was_reached", [True, False])
def test_a_person_is_reached_once_a_period_when_the_accounts_merged_since(
    shop: CampaignFactory, connection: psycopg.Connection, survivor_was_reached: bool
) -> None:
    shop.campaign(cap={"messages": 9, "days": 30})
    survivor, loser = shop.person(), shop.person()
    assert outcome(shop, connection, survivor if survivor_was_reached else loser, 0) == "send"
    merge(connection, loser, survivor, later(1))
    assert outcome(shop, connection, survivor, 1) == "capped"
    assert outcome(shop, connection, survivor, 60) == "send"


def test_the_cap_counts_what_every_key_of_the_person_got(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    shop.campaign(period="week", cap={"messages": 2, "days": 60})
    survivor, loser = shop.person(), shop.person()
    assert outcome(shop, connection, survivor, 0) == "send"
    assert outcome(shop, connection, loser, 1) == "send"
    merge(connection, loser, survivor, later(20))
    assert outcome(shop, connection, survivor, 21) == "capped"


def test_a_merge_that_the_date_does_not_know_changes_nothing(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    survivor, loser = shop.person(), shop.person()
    merge(connection, loser, survivor, later(9))
    shop.audience(survivor, loser)
    assert plan(shop.settings, DAY)[0].decisions == {"send": 2}


def test_two_keys_of_one_person_in_an_older_audience_get_one_message(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    survivor, loser = shop.person(), shop.person()
    merge(connection, loser, survivor)
    shop.audience(loser, survivor)
    assert plan(shop.settings, DAY)[0].decisions == {"send": 1, "capped": 1}


def test_an_opt_out_of_either_account_wins(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    survivor, loser = shop.person(), shop.person(consent="opt_out", day=later(-1))
    merge(connection, loser, survivor)
    assert outcome(shop, connection, survivor, 0) == "no_consent"


def test_the_contact_point_may_be_the_other_accounts(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    survivor, loser = shop.person(phone=None, day=DAY), shop.person(day=later(-5))
    merge(connection, loser, survivor)
    assert outcome(shop, connection, survivor, 0) == "send"


def test_every_key_of_the_person_tells_why(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    survivor, loser = shop.person(), shop.person()
    outcome(shop, connection, loser, 0)
    merge(connection, loser, survivor, later(1))
    outcome(shop, connection, survivor, 1)
    for key in (survivor, loser):
        answer = why(shop.settings, key)
        assert answer.customer_key == survivor
        assert [reason.outcome for reason in answer.reasons] == ["capped", "send"]


ARMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=5)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(merges=ARMS, nights=st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=4))
def test_nobody_is_ever_in_both_arms(
    shop: CampaignFactory, connection: psycopg.Connection, merges: list[tuple[int, int]], nights: list[set[int]]
) -> None:
    shop.campaign(holdout=0.5, period="week", cap={"messages": 99, "days": 1})
    for table in ("ops.plans", "ops.messages", "ops.holdouts", "vault.person_keys", "vault.identities",
                  "raw.customers", "vault.consent_events"):  # fmt: skip
        connection.execute(f"truncate {table} cascade")
    people = [shop.person(day=later(-1)) for _ in range(6)]
    owner = list(range(6))
    for night, asked in enumerate(nights):
        if night < len(merges):
            one, other = (owner[number] for number in merges[night])
            low, high = min(one, other), max(one, other)
            for number in (n for n in range(6) if owner[n] == high and low != high):
                merge(connection, people[number], people[low], later(7 * night))
                owner[number] = low
        shop.audience(*(people[n] for n in sorted({owner[n] for n in asked})), day=later(7 * night))
        plan(shop.settings, later(7 * night))
        held = dict(
            connection.execute(
                "select customer_key, held_out from ops.holdouts_as_of(%s)", (later(7 * night),)
            ).fetchall()
        )
        reached = {
            row[0]
            for row in connection.execute(
                "select vault.current_key(customer_key) from ops.messages where business_date = %s", (later(7 * night),)
            )
        }
        assert not {key for key in reached if held[key]}
        ever = connection.execute("select customer_key from ops.holdouts where held_out").fetchall()
        assert {key for key, out in held.items() if out} == {people[owner[people.index(key)]] for (key,) in ever}
