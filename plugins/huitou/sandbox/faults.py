"""Faults on request: what the sandbox does wrong, how often, and on which side of acceptance."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from aiohttp import web

KINDS = ("timeout", "reset", "500", "429", "garbage", "slow", "code")
HANG_SECONDS = 3600.0


@dataclass
class Fault:
    """One entry of a plan.

    ``when``: before or after acceptance. Either ``count`` (the next n requests) or ``share`` (0 to 1, drawn from
    ``seed``, the message id and the visit, so that the same run fails in the same places). ``seconds`` is how long
    ``timeout`` and ``slow`` last; ``code`` and ``status`` are the answer of kind ``code``.
    """

    when: str
    kind: str
    count: int | None = None
    share: float | None = None
    seed: int = 0
    retry_after: str | None = None
    seconds: float | None = None
    code: str = "invalid_recipient"
    status: int = 200

    def __post_init__(self) -> None:
        if self.when not in ("before", "after"):
            raise ValueError("when is before or after")
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        if (self.count is None) == (self.share is None):
            raise ValueError("give either count or share")

    def hits(self, message_id: str, visit: int) -> bool:
        """Whether this request suffers it; uses up one of ``count``."""
        if self.share is not None:
            drawn = hashlib.sha256(f"{self.seed}:{self.when}:{self.kind}:{message_id}:{visit}".encode())
            return int.from_bytes(drawn.digest()[:8], "big") < self.share * 2**64
        if self.count:
            self.count -= 1
            return True
        return False

    async def happen(self, request: web.Request) -> web.StreamResponse | None:
        """Do it. None means that the request goes on (kind ``slow``)."""
        if self.kind == "slow":
            await asyncio.sleep(1.0 if self.seconds is None else self.seconds)
            return None
        if self.kind == "timeout":
            await _hang(request, HANG_SECONDS if self.seconds is None else self.seconds)
        if self.kind in ("timeout", "reset"):
            return _reset(request)
        if self.kind == "garbage":
            return web.Response(body=b'{"code": "accep', content_type="application/json")
        if self.kind == "code":
            return web.json_response({"code": self.code}, status=self.status)
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        code = "rate_limited" if self.kind == "429" else "internal_error"
        return web.json_response({"code": code}, status=int(self.kind), headers=headers)


class FaultPlan:
    """The faults in force. The first entry that hits decides."""

    def __init__(self, entries: list[Mapping[str, Any]]) -> None:
        known = {field.name for field in fields(Fault)}
        for entry in entries:
            if unknown := sorted(set(entry) - known):
                raise ValueError(f"a fault knows no {unknown[0]}; it takes {', '.join(sorted(known))}")
        self._faults = [Fault(**entry) for entry in entries]

    def pick(self, when: str, message_id: str, visit: int) -> Fault | None:
        """The fault that strikes this visit of a message on this side of acceptance."""
        return next((f for f in self._faults if f.when == when and f.hits(message_id, visit)), None)


async def _hang(request: web.Request, seconds: float) -> None:
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        if request.transport is None or request.transport.is_closing():
            return
        await asyncio.sleep(0.05)


def _reset(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        connected = transport.get_extra_info("socket")
        if connected is not None:
            # Linger of zero makes the kernel answer with a reset in place of an orderly end.
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)
