"""The planner: every candidate gets one decision, every send one message and one coupon code, whatever is repeated."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories.campaigns import DAY, CampaignFactory, later
from huitou.campaigns.outcomes import OUTCOMES
from huitou.campaigns.planner import period_of, plan
from huitou.campaigns.why import why
from huitou.errors import UserError
from huitou.settings import Settings


@pytest.fixture
def shop(warehouse: Settings, connection: psycopg.Connection, tmp_path: Path) -> CampaignFactory:
    factory = CampaignFactory(tmp_path / "shop", warehouse, connection)
    factory.campaign()
    return factory


def outcomes(connection: psycopg.Connection, day: date = DAY, campaign: str = "winback") -> dict[str, str]:
    return dict(
        connection.execute(
            "select customer_key, outcome from ops.decisions where business_date = %s and campaign = %s",
            (day, campaign),
        ).fetchall()
    )


def suppress(connection: psycopg.Connection, key: str) -> None:
    connection.execute(
        "insert into vault.suppressions select contact_hash, 'sms', 'complaint', '2026-01-01'"
        " from vault.contacts_as_of('2999-01-01') where customer_key = %s and kind = 'phone'",
        (key,),
    )


@pytest.mark.integration
def test_the_first_reason_that_applies_is_the_decision(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    shop.campaign(budget=3)
    people = {
        "silent": shop.person(consent=None),
        "refused": shop.person(consent="opt_out"),
        "suppressed": shop.person(),
        "brusher": shop.person(),
        "brusher without a phone": shop.person(phone=None),
        "brusher who refused": shop.person(consent="opt_out"),
        "fake reviewer": shop.person(),
        "no phone": shop.person(phone=None),
        "first of two": shop.person(phone="+8613800000001"),
        "second of two": shop.person(phone="+8613800000001"),
        "fine": shop.person(),
        "too late": shop.person(),
    }
    suppress(connection, people["suppressed"])
    shop.audience(*people.values())
    for name in ("brusher", "brusher without a phone", "brusher who refused"):
        shop.flag(people[name])
    shop.flag(people["fake reviewer"], "fake_review", holds_offers=False)
    result = plan(shop.settings, DAY)[0]
    got = outcomes(connection)
    assert {name: got[key] for name, key in people.items()} == {
        "silent": "no_consent",
        "refused": "no_consent",
        "suppressed": "suppressed",
        "brusher": "abuse_hold",
        "brusher without a phone": "abuse_hold",
        "brusher who refused": "no_consent",
        "fake reviewer": "send",
        "no phone": "no_contact_point",
        "first of two": "send",
        "second of two": "duplicate_contact",
        "fine": "send",
        "too late": "over_budget",
    }
    assert result.candidates == sum(result.decisions.values()) == len(people)
    assert set(got.values()) <= {outcome.code for outcome in OUTCOMES}


@pytest.mark.integration
def test_a_coupon_is_held_with_its_reason_and_a_call_is_not(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    message = {"zh": "您好。拒收请回复R", "en": "Hello"}
    shop.campaign("call", priority=2, offer=None, message=message, cap={"messages": 9, "days": 30})
    person = shop.person()
    shop.audience(person)
    shop.flag(person)
    shop.flag(person, "refund_loop")
    plan(shop.settings, DAY)
    told = {reason.campaign: reason for reason in why(shop.settings, person).reasons}
    assert {name: reason.outcome for name, reason in told.items()} == {"winback": "abuse_hold", "call": "send"}
    held = told["winback"]
    assert held.candidate_because == (
        "last order long ago Held by brushing_burst: 7, limit 3; refund_loop: 7, limit 3."
    )
    assert held.candidate_because_zh == "很久没下单 暂缓：刷单 7（上限 3）。"
    assert "while the flag stands" in held.outcome_means
    assert connection.execute("select count(*) from ops.coupons").fetchone() == (0,)


@pytest.mark.integration
def test_a_coupon_that_was_held_is_sent_once_the_flag_is_gone(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    person = shop.person()
    shop.audience(person)
    shop.flag(person)
    plan(shop.settings, DAY)
    connection.execute("delete from candidate.customer_flags")
    shop.audience(person, day=later(1))
    plan(shop.settings, later(1))
    assert outcomes(connection) == {person: "abuse_hold"}
    assert outcomes(connection, later(1)) == {person: "send"}


@pytest.mark.integration
def test_the_last_word_on_consent_holds(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    returned = shop.person(consent=None, key="r")
    shop.consent("r", "opt_out", at="08:00")
    shop.consent("r", "opt_in", at="09:00")
    torn = shop.person(key="t")
    shop.consent("t", "opt_out", at="09:00")
    future = shop.person(key="f")
    shop.consent("f", "opt_out", day=later(1))
    shop.audience(returned, torn, future)
    plan(shop.settings, DAY)
    assert outcomes(connection) == {returned: "send", torn: "no_consent", future: "send"}


@pytest.mark.integration
def test_a_phone_that_one_owner_refused_is_closed_for_all_its_owners(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    willing, unwilling = shop.person(phone="+8613800000002"), shop.person(phone="+8613800000002", consent="opt_out")
    shop.audience(willing, unwilling)
    plan(shop.settings, DAY)
    assert outcomes(connection) == {willing: "suppressed", unwilling: "no_consent"}


@pytest.mark.integration
def test_planning_again_changes_nothing_even_with_another_audience(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    first, second = shop.person(), shop.person()
    shop.audience(first)
    [before] = plan(shop.settings, DAY)
    messages = connection.execute("select * from ops.messages join ops.coupons using (message_id)").fetchall()
    shop.audience(first, second)
    [after] = plan(shop.settings, DAY)
    assert (before.planned, after.planned) == (True, False)
    assert after.decisions == before.decisions
    assert connection.execute("select * from ops.messages join ops.coupons using (message_id)").fetchall() == messages


@pytest.mark.integration
def test_a_person_is_reached_once_a_period_and_not_above_the_cap(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    person = shop.person()
    seen = {}
    for days in (0, 1, 50):
        shop.audience(person, day=later(days))
        plan(shop.settings, later(days))
        seen[days] = outcomes(connection, later(days))[person]
    assert seen == {0: "send", 1: "capped", 50: "send"}


@pytest.mark.integration
def test_the_cap_counts_every_campaign_and_every_owner_of_the_phone(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    shop.campaign(cap={"messages": 1, "days": 30})
    shop.campaign("second", priority=2, cap={"messages": 1, "days": 30})
    one, other = shop.person(phone="+8613800000003"), shop.person(phone="+8613800000003")
    shop.audience(one)
    plan(shop.settings, DAY)
    assert outcomes(connection, campaign="second") == {one: "capped"}
    shop.audience(other, day=later(1))
    plan(shop.settings, later(1))
    assert outcomes(connection, later(1)) == {other: "capped"}


@pytest.mark.integration
def test_a_cap_of_zero_sends_to_nobody(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    shop.campaign(cap={"messages": 0, "days": 30})
    shop.audience(shop.person())
    assert plan(shop.settings, DAY)[0].decisions == {"capped": 1}


@pytest.mark.integration
def test_a_date_older_than_the_newest_plan_sends_nothing(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    shop.audience(shop.person(day=later(-3)), day=DAY)
    plan(shop.settings, DAY)
    late = shop.person(day=later(-3))
    shop.audience(late, day=later(-2))
    assert plan(shop.settings, later(-2))[0].decisions == {"stale_data": 1}
    assert connection.execute("select count(*) from ops.messages where customer_key = %s", (late,)).fetchone() == (0,)


@pytest.mark.integration
def test_the_holdout_is_assigned_once_and_has_its_share(shop: CampaignFactory, connection: psycopg.Connection) -> None:
    shop.campaign(holdout=0.2, budget=1000)
    people = [shop.person() for _ in range(300)]
    shop.audience(*people)
    plan(shop.settings, DAY)
    held = {key for key, outcome in outcomes(connection).items() if outcome == "holdout"}
    # Binomial(300, 0.2): mean 60, standard deviation 6.9.
    assert 32 <= len(held) <= 88
    shop.campaign(holdout=0.0, period="week")
    shop.audience(*people, day=later(7))
    plan(shop.settings, later(7))
    assert {key for key, outcome in outcomes(connection, later(7)).items() if outcome == "holdout"} == held


@pytest.mark.integration
def test_each_message_has_one_code_and_expires_by_the_shops_clock(
    shop: CampaignFactory, connection: psycopg.Connection
) -> None:
    shop.audience(shop.person(), shop.person())
    plan(shop.settings, DAY)
    rows = connection.execute(
        "select c.code, m.payload #>> '{values,code}', m.payload #>> '{values,valid_to}', c.valid_from, c.valid_to,"
        " m.expires_at::text, m.state from ops.messages as m join ops.coupons as c using (message_id)"
    ).fetchall()
    assert len({row[0] for row in rows}) == 2
    for code, in_text, until, valid_from, valid_to, expires_at, state in rows:
        assert code == in_text
        assert until == valid_to.isoformat() == "2026-12-04"
        assert valid_from == date(2026, 11, 21)
        # 36 hours after the day closed at midnight in Shanghai.
        assert (expires_at, state) == ("2026-11-22 04:00:00+00", "approved")


@pytest.mark.integration
def test_nothing_is_planned_when_the_audiences_are_of_another_date(shop: CampaignFactory) -> None:
    with pytest.raises(UserError, match=r"were never built: run `huitou build --date 2026-11-20`"):
        plan(shop.settings, DAY)
    shop.audience(day=later(1))
    with pytest.raises(UserError, match="stand at 2026-11-21"):
        plan(shop.settings, DAY)


@given(day=st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31)))
def test_a_period_holds_every_day_of_its_own_and_no_other(day: date) -> None:
    assert period_of("month", day) == f"{day:%Y-%m}"
    assert period_of("quarter", day) == f"{day.year}-Q{[1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4][day.month - 1]}"
    assert period_of("week", day) == day.strftime("%G-W%V")
    assert period_of("year", day) == str(day.year)
    assert period_of("once", day) == "once"
