"""Workers that die, stand still or lose the database: nothing is accepted twice, and nothing is lost unseen."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter

import psycopg
import pytest

from factories import doomed
from factories.messages import NIGHT, Outbox
from factories.provider import QUICK, Provider, StartDelivery, run, run_and_look_again, until
from huitou.delivery.channels.base import Outcome
from huitou.delivery.ledger import Ledger
from huitou.delivery.policy import Policy
from huitou.delivery.settlement import settlement
from huitou.settings import Settings
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
NO_BYTE_LEFT = {"before_claim", "in_claim", "after_claim", "before_promote", "in_promote"}


def in_hand(connection: psycopg.Connection) -> int:
    row = connection.execute("select count(*) from ops.messages where state in ('claimed', 'sending')").fetchone()
    return row[0] if row else 0


def freeze(worker: subprocess.Popen[bytes], connection: psycopg.Connection) -> None:
    """Stop ``worker`` where it is, and see to their end the statements that Postgres already has of it."""
    worker.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)
    busy = (
        "select count(*) from pg_stat_activity where state = 'active' and backend_type = 'client backend' "
        "and datname = current_database() and pid <> pg_backend_pid()"
    )
    until(lambda: connection.execute(busy).fetchone() == (0,))


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", doomed.POINTS)
def test_next_run_finishes_when_a_run_was_killed(
    settings: Settings, outbox: Outbox, provider: Provider, start_delivery: StartDelivery, point: str, nth: int
) -> None:
    ids = outbox.plant(260)
    provider.faults({"when": "before", "kind": "slow", "share": 0.3, "seconds": 0.02})
    nth = nth * 40 if point in ("on_the_wire", "after_answer") else nth
    child = start_delivery(point, nth)
    _, said = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGKILL, said.decode()
    before = provider.accepted()
    result = run_and_look_again(settings)
    accepted = provider.accepted()
    states = outbox.states()
    assert max(accepted.values()) == 1
    assert {state for state, _ in states.values()} <= {"accepted", "unknown"}
    assert {m for m, (state, _) in states.items() if state == "accepted"} == set(accepted)
    lost = set(ids) - set(accepted)
    assert lost == {m for m, (state, reason) in states.items() if (state, reason) == ("unknown", "worker_lost")}
    assert result.doubted <= QUICK.window
    if nth == 1 and point in NO_BYTE_LEFT:
        assert (before, lost) == (Counter(), set())


def test_unknown_is_exactly_what_was_never_accepted_when_a_run_was_killed_on_the_wire(
    settings: Settings, outbox: Outbox, provider: Provider, start_delivery: StartDelivery
) -> None:
    outbox.plant(100)
    provider.faults({"when": "after", "kind": "slow", "share": 1.0, "seconds": 0.5})
    child = start_delivery()
    until(lambda: len(provider.lines()) >= 8)
    child.kill()
    child.communicate()
    provider.faults()
    result = run_and_look_again(settings)
    states = outbox.states()
    assert result.doubted >= 8
    assert provider.accepted() == Counter(m for m, (state, _) in states.items() if state == "accepted")
    assert {s for s in states.values() if s[0] == "unknown"} <= {("unknown", "worker_lost")}
    assert result.confirmed >= 8


def test_deliver_settles_what_is_in_flight_when_it_is_asked_to_stop(
    settings: Settings,
    outbox: Outbox,
    provider: Provider,
    start_delivery: StartDelivery,
    connection: psycopg.Connection,
) -> None:
    ids = outbox.plant(300)
    provider.faults({"when": "before", "kind": "slow", "share": 1.0, "seconds": 0.4})
    child = start_delivery()
    until(lambda: len(provider.lines()) >= 20)
    child.terminate()
    _, said = child.communicate(timeout=45)
    assert (child.returncode, b"run it again" in said) == (4, True)
    assert in_hand(connection) == 0
    states = Counter(state for state, _ in outbox.states().values())
    assert states == {"accepted": len(provider.lines()), "approved": 300 - len(provider.lines())}
    provider.faults()
    run(settings)
    assert provider.accepted() == Counter(ids)


def test_a_living_worker_keeps_its_messages_when_it_stands_still(
    settings: Settings,
    outbox: Outbox,
    provider: Provider,
    start_delivery: StartDelivery,
    connection: psycopg.Connection,
) -> None:
    ids = outbox.plant(260)
    provider.faults({"when": "before", "kind": "slow", "share": 1.0, "seconds": 0.2})
    child = start_delivery()
    until(lambda: len(provider.lines()) >= 5)
    freeze(child, connection)
    held = in_hand(connection)
    provider.faults()
    other = run(settings)
    assert (other.released, other.doubted) == (0, 0)
    assert in_hand(connection) == held > 0
    child.send_signal(signal.SIGCONT)
    _, said = child.communicate(timeout=45)
    assert child.returncode == 0, said.decode()
    # Its time-outs passed while it stood still: what it had on the wire may be unknown, until looked up.
    run_and_look_again(settings)
    states = outbox.states()
    assert max(provider.accepted().values()) == 1
    assert {m for m, (state, _) in states.items() if state == "accepted"} == set(provider.accepted())
    assert {state for state, _ in states.values()} <= {"accepted", "unknown"}
    assert set(states) == set(ids)


def test_a_worker_sends_no_more_when_it_lost_its_session(
    settings: Settings,
    outbox: Outbox,
    provider: Provider,
    start_delivery: StartDelivery,
    connection: psycopg.Connection,
) -> None:
    outbox.plant(260)
    provider.faults({"when": "after", "kind": "slow", "share": 1.0, "seconds": 0.3})
    child = start_delivery()
    until(lambda: len(provider.lines()) >= 5)
    connection.execute(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1 and granted "
        "and database = (select oid from pg_database where datname = current_database())"
    )
    _, said = child.communicate(timeout=45)
    assert (child.returncode, b"warehouse went away" in said) == (4, True)
    provider.faults()
    run_and_look_again(settings)
    states = outbox.states()
    assert max(provider.accepted().values()) == 1
    assert {m for m, (state, _) in states.items() if state == "accepted"} == set(provider.accepted())
    assert {state for state, _ in states.values()} <= {"accepted", "unknown"}


def test_a_stale_result_is_refused_when_the_message_was_taken_over(
    settings: Settings, outbox: Outbox, connection: psycopg.Connection
) -> None:
    (message,) = outbox.plant(1)
    now = outbox.now()
    with connect(settings) as first, connect(settings) as second:
        slow, next_one = Ledger(first, NIGHT), Ledger(second, NIGHT)
        assert slow.claim("http", True, 10, now, outbox.always_open()) is not None
        _, attempts = slow.turn([], [message])
        assert attempts == {message: 1}
        late = settlement(message, 1, Outcome("accepted", "accepted", provider_id="p"), now, Policy())
        assert next_one.recover() == (0, 0)
        first.execute("select pg_advisory_unlock(%s)", (slow.worker,))
        assert next_one.recover() == (0, 1)
        assert slow.turn([late], [message]) == (set(), {})
        assert outbox.states()[message] == ("unknown", "worker_lost")
    row = connection.execute("select result, code, provider_id from ops.attempts").fetchone()
    assert row == ("unknown", "worker_lost", None)


def test_a_claim_goes_back_when_its_worker_died_before_promoting(
    settings: Settings, outbox: Outbox, connection: psycopg.Connection
) -> None:
    (message,) = outbox.plant(1)
    with connect(settings) as first:
        dead = Ledger(first, NIGHT)
        dead.claim("http", True, 10, outbox.now(), outbox.always_open())
        assert outbox.states()[message] == ("claimed", None)
    with connect(settings) as second, connect(settings) as third:
        heir, thief = Ledger(second, NIGHT), Ledger(third, NIGHT)
        until(lambda: heir.recover() == (1, 0))
        rows = heir.claim("http", True, 10, outbox.now(), outbox.always_open())
        assert rows is not None
        assert [row["message_id"] for row in rows] == [message]
        assert thief.turn([], [message]) == (set(), {})
        assert heir.turn([], [message])[1] == {message: 1}
    assert connection.execute("select count(*) from ops.attempts").fetchone() == (1,)


@pytest.mark.parametrize(("state", "ends"), [("claimed", "approved"), ("sending", "unknown")])
def test_recovery_frees_rows_when_no_worker_is_named(settings: Settings, outbox: Outbox, state: str, ends: str) -> None:
    (message,) = outbox.plant(1, state=state)
    with connect(settings) as opened:
        Ledger(opened, NIGHT).recover()
    assert outbox.states()[message][0] == ends
