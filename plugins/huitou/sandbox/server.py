"""The stand-in provider: a process of its own on loopback that accepts messages and keeps its own ledger.

It knows nothing of Huitou's code, only the wire contract (docs/delivery.md), and it suppresses no repeats: the same
id posted twice makes two lines, so its ledger can prove or refute that nothing was sent twice.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from huitou.sandbox.faults import FaultPlan
from huitou.sandbox.ledger import Ledger

SKEW_SECONDS = 300
MAX_BODY = 64 * 1024
PORT_TAKEN, ALREADY_RUNNING, BAD_FAULTS = 3, 4, 5
RECIPIENT = re.compile(r"^(\+?[0-9][0-9 -]{4,19}|[^@\s]+@[^@\s]+\.[^@\s]+)$")
ROUTED = {"/messages": "to", "/staff": "contact_ref"}


class Provider:
    """The endpoints over one ledger and one fault plan."""

    def __init__(self, ledger: Ledger, secret: str, plan: FaultPlan) -> None:
        self._ledger = ledger
        self._secret = secret.encode()
        self._plan = plan
        self._visits: Counter[str] = Counter()

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/messages", self.accept)
        app.router.add_post("/staff", self.accept)
        app.router.add_get("/messages/{message_id}", self.find)
        app.router.add_get("/health", self.health)
        app.router.add_get("/ledger/count", self.count)
        app.router.add_post("/faults", self.set_faults)
        app.router.add_delete("/faults", self.clear_faults)
        return app

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Accept one message, unless its signature, its form or the fault plan says otherwise."""
        body = await request.read()
        if refusal := self._unsigned(request, body):
            return refusal
        recipient_key = ROUTED[request.path]
        message, refusal = _parsed(body, recipient_key)
        if refusal:
            return refusal
        message_id = message["message_id"]
        self._visits[message_id] += 1
        visit = self._visits[message_id]
        if (fault := self._plan.pick("before", message_id, visit)) and (answer := await fault.happen(request)):
            return answer
        provider_id = await self._ledger.append(_entry(message, recipient_key))
        if (fault := self._plan.pick("after", message_id, visit)) and (answer := await fault.happen(request)):
            return answer
        return web.json_response({"code": "accepted", "id": provider_id, "message_id": message_id})

    async def find(self, request: web.Request) -> web.Response:
        """Whether a message was accepted."""
        if refusal := self._unsigned(request, b""):
            return refusal
        provider_id = self._ledger.find(request.match_info["message_id"])
        if provider_id is None:
            return _refuse(404, "not_found")
        return web.json_response({"code": "accepted", "id": provider_id})

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "pid": os.getpid()})

    async def count(self, request: web.Request) -> web.Response:
        return web.json_response({"count": self._ledger.count})

    async def set_faults(self, request: web.Request) -> web.Response:
        try:
            self._plan = FaultPlan(await request.json())
        except (ValueError, TypeError) as error:
            return web.json_response({"code": "bad_faults", "detail": str(error)}, status=400)
        return web.json_response({"status": "ok"})

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._plan = FaultPlan([])
        return web.json_response({"status": "ok"})

    def _unsigned(self, request: web.Request, body: bytes) -> web.Response | None:
        stamp = request.headers.get("X-Huitou-Timestamp", "")
        given = request.headers.get("X-Huitou-Signature", "")
        made = hmac.new(self._secret, stamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(made, given):
            return _refuse(401, "bad_signature")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > SKEW_SECONDS:
            return _refuse(401, "stale_timestamp")
        return None


def _parsed(body: bytes, recipient_key: str) -> tuple[dict[str, Any], web.Response | None]:
    try:
        message = json.loads(body)
        parts = [message[key] for key in ("message_id", "campaign", "channel", recipient_key)]
    except (ValueError, KeyError, TypeError):
        return {}, _refuse(400, "invalid_message")
    if not all(isinstance(part, str) and part for part in parts):
        return {}, _refuse(400, "invalid_message")
    if recipient_key == "to" and not RECIPIENT.match(message["to"]):
        return {}, _refuse(422, "invalid_recipient")
    return message, None


def _entry(message: dict[str, Any], recipient_key: str) -> dict[str, str]:
    recipient = message[recipient_key]
    hashed = hashlib.sha256(recipient.encode()).hexdigest() if recipient_key == "to" else recipient
    return {
        "message_id": message["message_id"],
        "campaign": message["campaign"],
        "channel": message["channel"],
        "contact_hash": hashed,
        "accepted_at": datetime.now(UTC).isoformat(timespec="microseconds"),
    }


def _refuse(status: int, code: str) -> web.Response:
    return web.json_response({"code": code}, status=status)


def _secret_of(place: Path) -> str:
    path = place / "secret"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip()


async def serve(place: Path, port: int, plan: FaultPlan) -> None:
    """Listen until SIGTERM or SIGINT. The address file appears when the socket listens and goes when it closes."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    ledger = Ledger(place / "accepted.jsonl")
    runner = web.AppRunner(Provider(ledger, _secret_of(place), plan).app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    address = place / "address.json"
    fresh = place / "address.json.new"
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    fresh.replace(address)
    try:
        await stopped.wait()
    finally:
        address.unlink(missing_ok=True)
        await runner.cleanup()
        ledger.close()


def main(arguments: list[str] | None = None) -> int:
    """Run the sandbox of one home. Exit codes: 3 port taken, 4 one runs already, 5 bad fault plan."""
    parser = argparse.ArgumentParser(prog="huitou-sandbox", description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--faults", default="[]", help="JSON list of faults in force from the start")
    given = parser.parse_args(arguments)
    try:
        plan = FaultPlan(json.loads(given.faults))
    except (ValueError, TypeError) as error:
        return _fail(BAD_FAULTS, f"bad fault plan: {error}")
    place = given.home / "sandbox"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _fail(ALREADY_RUNNING, "a sandbox of this home runs already")
        try:
            asyncio.run(serve(place, given.port, plan))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return _fail(PORT_TAKEN, f"port {given.port} is taken")
            raise
    return 0


def _fail(code: int, text: str) -> int:
    sys.stderr.write(text + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
