"""Many messages under many faults: what the sandbox's ledger says must equal what the outbox says, id by id."""

from __future__ import annotations

import random
import signal
import threading
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from factories.messages import Outbox
from factories.provider import QUICK, Provider, StartDelivery, run, run_and_look_again
from huitou.delivery.channels.base import Limits
from huitou.sandbox.faults import FaultPlan
from huitou.settings import Settings

POLICY = replace(QUICK, batch=500, limits=Limits(concurrency=64, connect_seconds=4.0, total_seconds=4.0))


def storm(seed: int) -> list[dict[str, Any]]:
    """5 % 429, 5 % 500 and 2 % time-outs (half after acceptance), 1 % refused in a 200, 0.5 % garbage, resets."""
    shares = [
        ("before", "429", 0.05, {"retry_after": "0"}),
        ("before", "500", 0.025, {}),
        ("before", "timeout", 0.01, {}),
        ("before", "reset", 0.005, {}),
        ("before", "code", 0.01, {"code": "recipient_blocked", "status": 200}),
        ("after", "500", 0.025, {}),
        ("after", "timeout", 0.01, {}),
        ("after", "reset", 0.005, {}),
        ("after", "garbage", 0.005, {}),
    ]
    return [{"when": w, "kind": k, "share": share, "seed": seed, **more} for w, k, share, more in shares]


def foretold(message_id: str, plan: FaultPlan) -> tuple[str, bool]:
    """(state in the end, whether an answer went missing): what the faults leave, told from the plan alone."""
    for visit in range(1, POLICY.max_attempts + 1):
        before = plan.pick("before", message_id, visit)
        if before is None:
            return "accepted", plan.pick("after", message_id, visit) is not None
        if before.kind == "code":
            return "rejected", False
        if before.kind != "429":
            return "unknown", True
    return "dead", False


@pytest.mark.integration
@pytest.mark.parametrize(
    ("count", "seed"),
    [(2000, 1), *(pytest.param(100_000, seed, marks=pytest.mark.battery) for seed in (2, 3, 4))],
)
def test_every_message_ends_as_foretold_when_faults_storm(
    settings: Settings, outbox: Outbox, provider: Provider, count: int, seed: int
) -> None:
    ids = outbox.plant(count)
    plan = storm(seed)
    provider.faults(*plan)
    workers = [threading.Thread(target=run, args=(settings, POLICY)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    expected = {message: foretold(message, FaultPlan(plan)) for message in ids}
    ambiguous = sum(missing for _, missing in expected.values())
    doubtful = sum(state == "unknown" for state, _ in outbox.states().values())
    assert 0 < doubtful <= ambiguous
    provider.faults()
    result = run(settings, POLICY)
    states = {message: state for message, (state, _) in outbox.states().items()}
    assert states == {message: state for message, (state, _) in expected.items()}
    assert provider.accepted() == Counter(m for m in ids if states[m] == "accepted")
    assert sum(result.states.values()) == count
    assert not set(result.states) & {"approved", "claimed", "sending", "parked"}


@pytest.mark.integration
@pytest.mark.parametrize("kills", [5, pytest.param(60, marks=pytest.mark.battery)])
def test_nothing_is_sent_twice_or_lost_when_workers_die_again_and_again(
    settings: Settings, outbox: Outbox, provider: Provider, start_delivery: StartDelivery, kills: int
) -> None:
    ids = outbox.plant(160 * kills)
    draw = random.Random(kills)  # noqa: S311
    slow = {"when": "before", "kind": "slow", "share": 0.5, "seconds": 0.05}
    provider.faults(slow, *storm(9)[5:])
    for _ in range(kills):
        child = start_delivery("on_the_wire", draw.randint(1, 150))
        child.communicate(timeout=60)
        assert child.returncode == -signal.SIGKILL
    provider.faults()
    run_and_look_again(settings)
    states = {message: state for message, (state, _) in outbox.states().items()}
    accepted = provider.accepted()
    assert max(accepted.values()) == 1
    assert set(states) == set(ids)
    assert {m for m, state in states.items() if state == "accepted"} == set(accepted)
    assert set(states.values()) <= {"accepted", "unknown"}
