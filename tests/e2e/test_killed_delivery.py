"""A delivery killed in the middle is finished by the next run, and nothing is accepted twice."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from e2e.conftest import Home, new_home
from huitou.ready import ensure_ready
from huitou.sources.feeds import load_source_set
from huitou.sources.ingest import ingest

pytestmark = pytest.mark.e2e
DAY = "2026-11-21"


@pytest.fixture
def planned() -> Iterator[Home]:
    """A shop whose night is planned and not yet delivered."""
    with new_home(HUITOU_CLOCK="morning-after") as home:
        shape = ("--customers", "1500", "--days", "120", "--seed", "3", "--until", DAY)
        home.run("shop", "generate", "--out", str(home.folder / "shop"), *shape)
        ensure_ready(home.settings)
        for feed in load_source_set(home.settings).feeds:
            ingest(home.settings, feed, date.fromisoformat(DAY))
        home.run("check", "raw", "--date", DAY)
        home.run("build", "--date", DAY)
        home.run("plan", "--date", DAY)
        yield home


def wait_for_sending(home: Home, running: subprocess.Popen[bytes]) -> bool:
    """Whether a message is on its way while the delivery still runs."""
    until = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < until:
        if home.rows("select from ops.messages where state = 'sending' limit 1"):
            return True
        time.sleep(0.02)
    return False


def test_what_was_killed_is_finished_and_nothing_is_accepted_twice(planned: Home) -> None:
    planned.run("sandbox", "start", "--fault", "before:slow:10000")
    for _ in range(3):
        running = subprocess.Popen(
            planned.command("deliver", "--date", DAY), env=planned.environment, stdout=subprocess.DEVNULL
        )
        killed_midway = wait_for_sending(planned, running)
        running.send_signal(signal.SIGKILL)
        running.wait()
        if killed_midway:
            break
    assert killed_midway, "no kill fell into the middle of a delivery"
    planned.run("sandbox", "stop")
    planned.run("deliver", "--date", DAY)
    ledger = Counter(line["message_id"] for line in planned.accepted())
    messages = dict(planned.rows("select message_id::text, state from ops.messages"))
    assert len(messages) > 20
    assert max(ledger.values()) == 1
    assert set(messages.values()) <= {"accepted", "unknown"}
    assert {message for message, state in messages.items() if state == "accepted"} <= set(ledger)
    assert set(ledger) <= set(messages)
