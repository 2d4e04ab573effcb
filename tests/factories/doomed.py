"""Run as a program: one delivery that kills itself without warning (SIGKILL) at a named point, the n-th time there.

``python doomed.py POINT N``; point ``none`` runs to the end. Settings come from the environment. It changes no code of
delivery: it wraps the seams between one step and the next.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from factories.messages import NIGHT
from factories.provider import QUICK
from huitou.delivery.channels.base import Envelope, Outcome
from huitou.delivery.channels.signed_http import SignedHttp
from huitou.delivery.channels.transport import Answer, Transport
from huitou.delivery.dispatcher import deliver
from huitou.delivery.ledger import Ledger
from huitou.errors import HuitouError
from huitou.settings import Settings

POINTS = (
    "before_claim",
    "in_claim",
    "after_claim",
    "before_promote",
    "in_promote",
    "after_promote",
    "on_the_wire",
    "after_answer",
    "before_settle",
    "after_settle",
    "before_release",
)


class Killer:
    """Counts arrivals at the chosen point and ends the process at the n-th."""

    def __init__(self, point: str, nth: int) -> None:
        self._point, self._left = point, nth

    def at(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: type, name: str, before: str, after: str) -> None:
        wrapped: Callable[..., Any] = getattr(owner, name)

        def doomed(*given: Any, **named: Any) -> Any:
            self.at(before)
            out = wrapped(*given, **named)
            self.at(after)
            return out

        setattr(owner, name, doomed)


def plant(killer: Killer) -> None:
    """Put the points between the steps."""
    killer.around(Ledger, "claim", "before_claim", "after_claim")
    killer.around(Ledger, "release", "before_release", "after_release")
    leave, turn, promote = psycopg.Transaction.__exit__, Ledger.turn, Ledger._promote

    def doomed_leave(self: psycopg.Transaction, *given: Any) -> Any:
        # The rows are written and the transaction is still open.
        if any(frame.function == "claim" for frame in inspect.stack(0)[:8]):
            killer.at("in_claim")
        return leave(self, *given)

    def doomed_turn(self: Ledger, settled: Any, wanted: Any) -> Any:
        killer.at("before_settle" if settled else "-")
        killer.at("before_promote" if wanted else "-")
        out = turn(self, settled, wanted)
        killer.at("after_settle" if settled else "-")
        killer.at("after_promote" if wanted else "-")
        return out

    def doomed_promote(self: Ledger, wanted: Any) -> Any:
        rows = list(promote(self, wanted))
        killer.at("in_promote")
        return rows

    psycopg.Transaction.__exit__, Ledger.turn, Ledger._promote = doomed_leave, doomed_turn, doomed_promote
    send, exchange = SignedHttp.send, Transport.exchange

    async def doomed_send(self: SignedHttp, envelope: Envelope) -> Outcome:
        out = await send(self, envelope)
        killer.at("after_answer")
        return out

    async def doomed_exchange(self: Transport, method: str, *given: Any) -> Answer:
        if method == "POST":
            killer.at("on_the_wire")
        return await exchange(self, method, *given)

    SignedHttp.send, Transport.exchange = doomed_send, doomed_exchange  # type: ignore[method-assign]


def main(point: str, nth: str) -> int:
    plant(Killer(point, int(nth)))
    try:
        deliver(Settings.from_env(), NIGHT, QUICK)
    except HuitouError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
