from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from pydantic import SecretStr

from factories.messages import NIGHT, Outbox, name_of, phone_of
from factories.provider import QUICK, Provider, run, until
from huitou.delivery.channels.base import Limits
from huitou.errors import PermanentError, TransientError, UserError
from huitou.settings import Settings

pytestmark = pytest.mark.integration


def test_deliver_sends_each_message_once_when_run_again(
    settings: Settings, outbox: Outbox, provider: Provider, connection: psycopg.Connection
) -> None:
    ids = outbox.plant(450)
    first, second = run(settings), run(settings)
    assert provider.accepted() == Counter(ids)
    assert first.counts == {"accepted": 450}
    assert second.counts == {}
    assert first.states == second.states == {"accepted": 450}
    attempts = connection.execute(
        "select count(*), count(distinct provider_id), bool_and(result = 'accepted' and settled_at >= claimed_at) "
        "from ops.attempts"
    ).fetchone()
    assert attempts == (450, 450, True)
    steps = connection.execute("select step, outcome, detail from ops.steps order by step_id").fetchall()
    assert [s[:2] for s in steps] == [("deliver", "done")] * 2
    assert steps[0][2]["states"] == {"accepted": 450}


def test_deliver_writes_the_contact_nowhere_but_to_the_provider_when_it_sends(
    settings: Settings, outbox: Outbox, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    outbox.plant(3)
    provider.faults({"when": "before", "kind": "garbage", "count": 1})
    run(settings)
    assert len(provider.lines()) == 2
    for n in (1, 2, 3):
        assert phone_of(n)[3:] not in caplog.text
        assert f"HT{n:06d}" not in caplog.text


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "timeout"}, "timeout"),
        ({"kind": "reset"}, "broken:"),
        ({"kind": "500"}, "internal_error"),
        ({"kind": "garbage"}, "http_200_unreadable"),
        ({"kind": "code", "code": "never_seen", "status": 400}, "never_seen"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_deliver_never_sends_again_when_no_clear_answer_came(
    settings: Settings, outbox: Outbox, provider: Provider, fault: dict[str, object], reason: str, when: str
) -> None:
    (message,) = outbox.plant(1)
    provider.faults({"when": when, "count": 1, **fault})
    run(settings)
    state, said = outbox.states()[message]
    assert state == "unknown"
    assert said is not None
    assert said.startswith(reason)
    again = run(settings)
    took = when == "after"
    assert provider.accepted() == Counter([message] if took else [])
    assert again.confirmed == int(took)
    assert outbox.states()[message] == (("accepted", "looked_up") if took else (state, said))


def test_deliver_tries_again_when_the_provider_was_too_busy(
    settings: Settings, outbox: Outbox, provider: Provider, connection: psycopg.Connection
) -> None:
    ids = outbox.plant(20)
    provider.faults({"when": "before", "kind": "429", "count": 15, "retry_after": "1"})
    began = time.monotonic()
    result = run(settings)
    assert time.monotonic() - began >= 1.0
    assert result.counts == {"approved:rate_limited": 15, "accepted": 20}
    assert provider.accepted() == Counter(ids)
    results = dict(connection.execute("select result, count(*) from ops.attempts group by 1").fetchall())
    assert results == {"not_processed": 15, "accepted": 20}


def test_deliver_leaves_it_for_the_next_run_when_the_provider_asks_for_long_patience(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    (message,) = outbox.plant(1)
    provider.faults({"when": "before", "kind": "429", "count": 1, "retry_after": "600"})
    began = time.monotonic()
    run(settings)
    assert time.monotonic() - began < 3
    assert outbox.states()[message][0] == "approved"
    run(settings)
    assert provider.accepted() == Counter()
    later = datetime.fromisoformat(settings.clock) + timedelta(seconds=700)
    run(settings.model_copy(update={"clock": later.isoformat()}))
    assert provider.accepted() == Counter([message])


def test_deliver_gives_up_when_six_tries_were_not_processed(
    settings: Settings, outbox: Outbox, provider: Provider, connection: psycopg.Connection
) -> None:
    (message,) = outbox.plant(1)
    provider.faults({"when": "before", "kind": "429", "count": 100, "retry_after": "0"})
    result = run(settings)
    assert outbox.states()[message] == ("dead", "rate_limited")
    assert connection.execute("select count(*) from ops.attempts").fetchone() == (6,)
    assert result.states == {"dead": 1}


def test_deliver_loses_nobody_else_when_one_recipient_is_poison(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    outbox.open_hours()
    outbox.people(range(1, 301), phones={150: "not a phone"})
    ids = outbox.messages([n for n in range(1, 301) if n != 150])
    hashed = outbox.vault.hash("phone", "not a phone")
    poison = outbox.messages([150], contact_hash=hashed)[0]
    run(settings)
    assert outbox.states()[poison] == ("rejected", "invalid_recipient")
    assert provider.accepted() == Counter(ids)


def test_deliver_rejects_one_message_when_its_payload_makes_no_text(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(2)
    bad = outbox.messages([3], payload={"template": "{secret}", "values": {}}, contact_hash="x" * 64)
    outbox.people([3])
    worse = outbox.messages(
        [4], payload=[1], customer_key="c_3", period="b", contact_hash=outbox.vault.hash("phone", phone_of(3))
    )
    run(settings)
    assert outbox.states()[bad[0]] == ("cancelled", "no_contact_point")
    assert outbox.states()[worse[0]] == ("rejected", "bad_wording")
    assert provider.accepted() == Counter(ids)


def test_deliver_refuses_the_whole_run_when_the_vault_key_is_wrong(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    outbox.plant(5)
    other = settings.model_copy(update={"vault_key": SecretStr("A" * 43 + "=")})
    with pytest.raises(UserError, match="HUITOU_VAULT_KEY"):
        run(other)
    assert {state for state, _ in outbox.states().values()} == {"approved"}
    assert provider.accepted() == Counter()


def test_deliver_opens_the_breaker_when_the_secret_is_wrong(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(300)
    wrong = settings.model_copy(update={"provider_secret": SecretStr("wrong")})
    with pytest.raises(PermanentError, match="HUITOU_PROVIDER_SECRET"):
        run(wrong)
    states = outbox.states()
    assert {state for state, _ in states.values()} == {"approved"}
    burned = [m for m, (_, reason) in states.items() if reason == "bad_signature"]
    # Those on the wire when the third refusal came.
    assert 3 <= len(burned) <= QUICK.limits.concurrency + 2
    run(settings)
    assert provider.accepted() == Counter(ids)


def test_deliver_stops_and_can_go_on_when_the_provider_cannot_be_reached(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(300)
    nowhere = settings.model_copy(update={"provider_url": "http://127.0.0.1:9", "provider_secret": SecretStr("x")})
    with pytest.raises(TransientError, match="could not be reached"):
        run(nowhere)
    assert {state for state, _ in outbox.states().values()} == {"approved"}
    run(settings)
    assert provider.accepted() == Counter(ids)


def test_deliver_says_how_to_start_the_sandbox_when_it_does_not_run(settings: Settings, outbox: Outbox) -> None:
    outbox.plant(1)
    with pytest.raises(TransientError, match="huitou sandbox start"):
        run(settings)
    place = settings.home / "sandbox"
    place.mkdir()
    (place / "address.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1}')
    (place / "secret").write_text("x")
    with pytest.raises(TransientError, match="huitou sandbox start"):
        run(settings)
    assert {state for state, _ in outbox.states().values()} == {"approved"}


def test_deliver_succeeds_without_a_provider_when_nothing_waits(settings: Settings) -> None:
    assert run(settings).states == {}


def test_deliver_names_the_channels_when_a_message_has_an_unknown_one(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    outbox.open_hours()
    outbox.people([1, 2])
    sent = outbox.messages([1])
    outbox.messages([2], channel="pigeon")
    with pytest.raises(UserError, match=r"pigeon.*http, staff_webhook"):
        run(settings)
    assert provider.accepted() == Counter(sent)


def test_deliver_sends_no_contact_point_when_the_channel_is_for_staff(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    (message,) = outbox.plant(1, channel="staff_webhook", consent="phone")
    outbox.connection.execute("delete from vault.contact_points")
    run(settings)
    (line,) = provider.lines()
    assert line.pop("accepted_at")
    assert line == {
        "message_id": message,
        "campaign": "win_back",
        "channel": "staff_webhook",
        "contact_hash": outbox.vault.hash("phone", phone_of(1)),
    }


def test_deliver_leaves_staff_tasks_unknown_when_no_answer_came(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    (message,) = outbox.plant(1, channel="staff_webhook", consent="phone")
    provider.faults({"when": "after", "kind": "reset", "count": 1})
    run(settings)
    run(settings)
    assert outbox.states()[message][0] == "unknown"
    assert provider.accepted() == Counter([message])


def test_deliver_leaves_later_nights_alone_when_asked_for_an_earlier_one(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    outbox.open_hours()
    outbox.people([1, 2, 3])
    due = outbox.messages([1]) + outbox.messages([2], business_date=NIGHT - timedelta(days=1))
    outbox.messages([3], business_date=NIGHT + timedelta(days=1))
    run(settings)
    assert provider.accepted() == Counter(due)


@pytest.mark.parametrize("state", ["planned", "cancelled", "rejected", "dead", "delivered", "undelivered", "expired"])
def test_deliver_touches_nothing_when_a_message_is_not_approved(
    settings: Settings, outbox: Outbox, provider: Provider, state: str
) -> None:
    (message,) = outbox.plant(1, state=state)
    run(settings)
    assert outbox.states()[message] == (state, None)
    assert provider.accepted() == Counter()


@pytest.mark.parametrize(
    ("expires", "sent"), [("2025-07-01T03:59:59Z", False), ("2025-07-01T04:00:00Z", False), ("2025-07-01T04:05Z", True)]
)
def test_deliver_expires_a_message_when_its_time_has_passed(
    settings: Settings, outbox: Outbox, provider: Provider, expires: str, sent: bool
) -> None:
    (message,) = outbox.plant(1, expires_at=datetime.fromisoformat(expires))
    run(settings)
    assert outbox.states()[message] == (("accepted", None) if sent else ("expired", None))
    assert len(provider.lines()) == int(sent)


def test_deliver_expires_a_parked_message_when_its_hours_never_came(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    late = datetime(2025, 7, 3, tzinfo=UTC)
    (message,) = outbox.plant(1, state="parked", not_before=late, expires_at=late - timedelta(days=2))
    run(settings)
    assert outbox.states()[message] == ("expired", None)


def test_deliver_parks_until_opening_when_it_is_outside_contact_hours(
    settings: Settings, outbox: Outbox, provider: Provider, connection: psycopg.Connection
) -> None:
    (message,) = outbox.plant(1)
    outbox.open_hours(("sms", "13:00", "20:30"), ("email", "00:00", "24:00"))
    run(settings)
    assert outbox.states()[message] == ("parked", "quiet_hours")
    row = connection.execute("select not_before from ops.messages").fetchone()
    assert row == (datetime.fromisoformat("2025-07-01T13:00:00+08:00"),)
    run(settings)
    assert provider.accepted() == Counter()
    run(settings.model_copy(update={"clock": "2025-07-01T13:00:00+08:00"}))
    assert provider.accepted() == Counter([message])


@pytest.mark.parametrize("hours", [None, ("email", "00:00", "24:00")])
def test_deliver_is_closed_when_no_contact_hours_are_known(
    settings: Settings, outbox: Outbox, provider: Provider, hours: tuple[str, str, str] | None
) -> None:
    (message,) = outbox.plant(1)
    outbox.connection.execute("drop table staging.contact_hours")
    if hours:
        outbox.open_hours(hours)
    run(settings)
    assert outbox.states()[message] == ("parked", "no_contact_hours")
    assert provider.accepted() == Counter()
    outbox.open_hours()
    run(settings)
    assert provider.accepted() == Counter([message])


@pytest.mark.parametrize("scope", ["all", "channel:http", "campaign:win_back"])
def test_deliver_holds_messages_when_a_switch_is_thrown(
    settings: Settings, outbox: Outbox, provider: Provider, scope: str
) -> None:
    ids = outbox.plant(3)
    outbox.people([4])
    other = outbox.messages([4], campaign="birthday", channel="staff_webhook", consent="phone")
    outbox.connection.execute("insert into ops.switches values (%s, 'test')", (scope,))
    result = run(settings)
    assert provider.accepted() == Counter([] if scope == "all" else other)
    assert result.held == (4 if scope == "all" else 3)
    outbox.connection.execute("delete from ops.switches")
    run(settings)
    assert provider.accepted() == Counter(ids + other)


def test_deliver_stops_within_the_window_when_a_switch_is_thrown_meanwhile(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    outbox.plant(300)
    provider.faults({"when": "before", "kind": "slow", "share": 1.0, "seconds": 0.2})
    running = threading.Thread(target=run, args=(settings,))
    running.start()
    until(lambda: len(provider.lines()) >= 20)
    outbox.connection.execute("insert into ops.switches values ('all', 'test')")
    seen = len(provider.lines())
    running.join()
    assert len(provider.lines()) <= seen + QUICK.window
    states = Counter(state for state, _ in outbox.states().values())
    assert states == {"accepted": len(provider.lines()), "approved": 300 - len(provider.lines())}


def test_deliver_claims_anew_when_the_check_of_consent_is_too_old(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(60)
    provider.faults({"when": "before", "kind": "slow", "share": 1.0, "seconds": 0.3})
    policy = replace(QUICK, claim_age=0.5, limits=Limits(concurrency=4, total_seconds=5.0))
    running = threading.Thread(target=run, args=(settings, policy))
    running.start()
    until(lambda: bool(provider.lines()))
    outbox.says(60, "opt_out")
    running.join()
    assert outbox.states()[name_of(60)] == ("cancelled", "no_consent")
    assert provider.accepted() == Counter(ids[:59])


def test_deliver_goes_on_when_a_whole_batch_is_turned_away(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(90)
    for n in range(31, 61):
        outbox.says(n, "opt_out")
    result = run(settings, replace(QUICK, batch=30))
    assert provider.accepted() == Counter(ids[:30] + ids[60:])
    assert result.counts == {"accepted": 60, "cancelled:no_consent": 30}


def test_deliver_suppresses_the_contact_when_the_provider_says_it_opted_out(
    settings: Settings, outbox: Outbox, provider: Provider, connection: psycopg.Connection
) -> None:
    (message,) = outbox.plant(1)
    provider.faults({"when": "before", "kind": "code", "code": "opted_out", "status": 403, "count": 1})
    run(settings)
    assert outbox.states()[message] == ("rejected", "opted_out")
    outbox.messages([2], customer_key="c_1", period="next", contact_hash=outbox.vault.hash("phone", phone_of(1)))
    run(settings)
    assert outbox.states()[name_of(2)] == ("cancelled", "suppressed")
    assert provider.accepted() == Counter()
    rows = connection.execute("select channel, reason from vault.suppressions").fetchall()
    assert rows == [("sms", "told_by_provider")]


def test_two_deliveries_send_each_message_once_when_they_run_at_once(
    settings: Settings, outbox: Outbox, provider: Provider
) -> None:
    ids = outbox.plant(600)
    policy = replace(QUICK, batch=40)
    runs = [threading.Thread(target=run, args=(settings, policy)) for _ in range(3)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert provider.accepted() == Counter(ids)
    assert Counter(state for state, _ in outbox.states().values()) == {"accepted": 600}


@pytest.mark.parametrize("guarded", [True, False])
def test_deliver_gives_up_for_now_when_consent_is_being_loaded_all_the_time(
    settings: Settings, outbox: Outbox, provider: Provider, guarded: bool
) -> None:
    ids = outbox.plant(2)
    if guarded:
        outbox.connection.execute("select ops.guard_consent()")
    with outbox.connection.transaction():
        outbox.says(2, "opt_out")
        with pytest.raises(TransientError, match="being loaded"):
            run(settings, replace(QUICK, gate_wait=1.0))
    assert provider.accepted() == Counter()
    run(settings)
    assert provider.accepted() == Counter(ids[:1])
