"""No claim commits after a refusal that it did not read: in every order that two transactions can take."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import psycopg
import pytest

from factories.messages import NIGHT, Outbox, name_of, phone_of
from huitou.delivery.ledger import Ledger
from huitou.settings import Settings
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
WRITES = {
    "consent": "insert into vault.consent_events select r.* from vault.consent_events as e, "
    'jsonb_populate_record(e, \'{"event_id": "out", "action": "opt_out", "occurred_at": "2025-06-30"}\') as r '
    "where e.channel = 'sms'",
    "consent_update": "update vault.consent_events set action = 'opt_out'",
    "consent_delete": "delete from vault.consent_events",
    "consent_truncate": "truncate vault.consent_events",
    "suppression": "insert into vault.suppressions select contact_hash, 'sms', 'asked', now() from raw.customers "
    "join lateral (select phone as contact_hash) as p on true",
    "identity": "update vault.identities set customer_key = 'c_other'",
    "merge": "insert into vault.identities values ('shop', '2', 'c_2', true); insert into vault.consent_events "
    "select r.* from vault.consent_events as e, jsonb_populate_record("
    'e, \'{"event_id": "out", "customer_id": "2", "action": "opt_out"}\') as r where e.channel = \'sms\'; '
    "insert into vault.person_keys values ('c_1', 1, '2025-01-01', 'c_2')",
    "customer": "update raw.customers set phone = null where false; update vault.identities set customer_key = 'x'",
}


def ledger_of(connection: psycopg.Connection) -> Ledger:
    return Ledger(connection, NIGHT)


def claim(ledger: Ledger, outbox: Outbox) -> list[str] | None:
    rows = ledger.claim("http", True, 100, outbox.now(), outbox.always_open())
    return None if rows is None else [row["message_id"] for row in rows if row["state"] == "claimed"]


@pytest.mark.parametrize("write", WRITES)
def test_claim_waits_when_a_refusal_is_not_committed_yet(settings: Settings, outbox: Outbox, write: str) -> None:
    (message,) = outbox.plant(1)
    with connect(settings) as writer, connect(settings) as worker:
        ledger = ledger_of(worker)
        with writer.transaction():
            writer.execute(WRITES[write])
            assert claim(ledger, outbox) is None
            assert outbox.states()[message] == ("approved", None)
        assert claim(ledger, outbox) == []
    assert outbox.states()[message][0] == "cancelled"


@pytest.mark.parametrize("write", WRITES)
def test_refusal_waits_when_a_claim_is_not_committed_yet(settings: Settings, outbox: Outbox, write: str) -> None:
    outbox.plant(1)
    with connect(settings) as writer, connect(settings) as worker:
        ledger_of(worker)
        writer.execute("set lock_timeout = '200ms'")
        with worker.transaction():
            worker.execute("select ops.close_consent_gate()")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                writer.execute(WRITES[write])
        writer.execute(WRITES[write])


def test_copy_waits_too_when_consent_is_loaded_in_bulk(settings: Settings, outbox: Outbox) -> None:
    outbox.plant(1)
    with connect(settings) as writer, connect(settings) as worker:
        ledger = ledger_of(worker)
        with writer.transaction():
            with writer.cursor().copy("copy vault.suppressions from stdin") as copy:
                copy.write_row((outbox.vault.hash("phone", phone_of(1)), "sms", "asked", "2025-06-30"))
            assert claim(ledger, outbox) is None
        assert claim(ledger, outbox) == []


def test_every_refusal_is_read_when_one_session_claims_between_them(settings: Settings, outbox: Outbox) -> None:
    outbox.plant(4)
    with connect(settings) as worker:
        ledger = ledger_of(worker)
        assert ledger.claim("http", True, 0, outbox.now(), outbox.always_open()) == []
        for n in (1, 2, 3):
            outbox.says(n, "opt_out")
            rows = ledger.claim("http", True, 1, outbox.now(), outbox.always_open())
            assert rows is not None
            assert [(row["message_id"], row["state_reason"]) for row in rows] == [(name_of(n), "no_consent")]
        assert claim(ledger, outbox) == [name_of(4)]


def test_guard_is_put_on_again_when_a_table_was_made_anew(settings: Settings, outbox: Outbox) -> None:
    outbox.plant(1)
    with connect(settings) as worker:
        ledger_of(worker)
        outbox.connection.execute("drop trigger consent_gate on vault.consent_events")
        ledger_of(worker)
    found = outbox.connection.execute("select tgrelid::regclass::text from pg_trigger where tgname = 'consent_gate'")
    guarded = {"vault.consent_events", "vault.suppressions", "vault.identities", "raw.customers"}
    assert {row[0] for row in found} >= guarded


def collide(ledger: Ledger, outbox: Outbox, other: Outbox, number: int, draw: random.Random) -> tuple[str, str]:
    """Let a refusal and a claim of one person run into each other.

    (state right after the refusal committed, state in the end)
    """
    (message,) = outbox.messages([number])
    wait, hold = draw.uniform(0, 0.004), draw.uniform(0, 0.004)
    start = threading.Barrier(2)
    seen: list[str] = []

    def refuse() -> None:
        start.wait()
        time.sleep(wait)
        with other.connection.transaction():
            other.says(number, "opt_out")
            time.sleep(hold)
        seen.append(other.state(message))

    thread = threading.Thread(target=refuse)
    thread.start()
    start.wait()
    time.sleep(draw.uniform(0, 0.008))
    while claim(ledger, outbox) is None:
        pass
    thread.join()
    return seen[0], outbox.state(message)


@pytest.mark.parametrize("rounds", [150, pytest.param(2_000, marks=pytest.mark.battery)], ids=["short", "battery"])
def test_no_claim_commits_after_a_refusal_when_they_race(settings: Settings, outbox: Outbox, rounds: int) -> None:
    draw = random.Random(7)  # noqa: S311
    outbox.open_hours()
    outbox.people(range(1, rounds + 1))
    with connect(settings) as writer, connect(settings) as worker:
        ledger, other = ledger_of(worker), Outbox(writer, settings)
        ends = Counter(collide(ledger, outbox, other, n, draw) for n in range(1, rounds + 1))
    assert set(ends) <= {("claimed", "claimed"), ("approved", "cancelled"), ("cancelled", "cancelled")}
    # Both orders did happen, so the race was one.
    assert ends["claimed", "claimed"] > rounds // 20
    assert ends["approved", "cancelled"] + ends["cancelled", "cancelled"] > rounds // 20
