"""A shop's API on loopback: real HTTP, pages in every style, and faults on request."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass
class Fault:
    """What becomes of one request in the place of an answer; ``kind`` is a status, or how the answer breaks."""

    kind: int | str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request as the server saw it."""

    query: dict[str, str]
    headers: dict[str, str]
    at: float


class ShopApi:
    """``with ShopApi(records) as api``: ``GET {api.url}`` gives them by ``style``, ``size`` a page.

    ``faults`` maps the number of a request, from 1, to what becomes of it. ``hold`` is the number of the request that
    is never answered. ``raw`` changes the answer's text, ``body`` is one in its place: bytes and content type.
    """

    def __init__(self, records: list[Any], style: str = "page", size: int = 10, **changes: Any) -> None:
        self.records, self.style, self.size = records, style, size
        self.total: int | None = len(records)
        self.faults: dict[int, Fault] = {}
        self.hold = 0
        self.raw: Callable[[str], str] = lambda text: text
        self.body: tuple[bytes, str] | None = None
        self.tls: ssl.SSLContext | None = None
        self.asked: list[Asked] = []
        self.held = threading.Event()
        self.__dict__.update(changes)

    def __enter__(self) -> ShopApi:
        self._loop = asyncio.new_event_loop()
        started: Any = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_get("/v1/orders", self._answer)
        app.router.add_get("/v2/orders", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self.tls)
        self._loop.run_until_complete(site.start())
        port = runner.addresses[0][1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{port}/v1/orders"
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(Asked(dict(request.query), dict(request.headers), self._loop.time()))
        number = len(self.asked)
        if number == self.hold:
            self.held.set()
            await asyncio.sleep(60)
        fault = self.faults.get(number)
        if fault is not None:
            return await self._fault(request, fault)
        if self.body is not None:
            return web.Response(body=self.body[0], headers={"Content-Type": self.body[1]})
        body, headers = self._page(request)
        return web.Response(text=self.raw(json.dumps(body, ensure_ascii=False)), headers=headers)

    async def _fault(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if isinstance(fault.kind, int):
            return web.Response(status=fault.kind, headers=fault.headers, text="no")
        if fault.kind == "slow":
            await asyncio.sleep(5)
        if fault.kind == "html":
            return web.Response(text="<html>maintenance</html>")
        if fault.kind == "cut":
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"data": {"orders": [')
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _page(self, request: web.Request) -> tuple[dict[str, Any], dict[str, str]]:
        at = request.query.get("page" if self.style == "page" else "cursor")
        start = (int(at) - 1) * self.size if self.style == "page" and at else int(at or 0)
        end = start + self.size
        following = end if end < len(self.records) else None
        body: dict[str, Any] = {"data": {"orders": self.records[start:end]}, "meta": {"total": self.total}}
        if self.style == "cursor":
            body["meta"]["next"] = following
        headers = {}
        if self.style == "link" and following:
            headers["Link"] = f'<{request.path}?cursor={following}>; rel="next"'
        return body, headers


def self_signed(folder: Path) -> ssl.SSLContext:
    """TLS for 127.0.0.1 with a certificate that no authority signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
