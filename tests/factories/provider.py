"""What the tests of delivery share: a quick policy, the sandbox's own ledger, and one night to run."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from factories.messages import NIGHT
from huitou.delivery.channels.base import Limits
from huitou.delivery.dispatcher import DeliveryResult, deliver
from huitou.delivery.policy import Policy
from huitou.sandbox.control import start_sandbox
from huitou.settings import Settings

StartDelivery = Callable[..., subprocess.Popen[bytes]]
QUICK = Policy(
    batch=200,
    backoff_base=0.01,
    backoff_cap=0.05,
    patience=3.0,
    limits=Limits(concurrency=16, connect_seconds=2.5, total_seconds=2.5),
)


@dataclass
class Provider:
    """The running sandbox of one home, and what its own ledger says."""

    settings: Settings

    def faults(self, *plan: dict[str, Any]) -> None:
        start_sandbox(self.settings.home, faults=plan)

    def lines(self) -> list[dict[str, str]]:
        text = (self.settings.home / "sandbox" / "accepted.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def accepted(self) -> Counter[str]:
        """How often each message id was accepted: the oracle for "never twice"."""
        return Counter(line["message_id"] for line in self.lines())


def run(settings: Settings, policy: Policy = QUICK) -> DeliveryResult:
    """One delivery of the night."""
    return deliver(settings, NIGHT, policy)


def run_and_look_again(settings: Settings) -> DeliveryResult:
    """One delivery, and a second look after what was still in the provider's hands has arrived there."""
    result = run(settings)
    time.sleep(0.5)
    run(settings)
    return result


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something that another process brings about; fails where it does not come."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.01)
