"""Which side of the first byte a request broke on, against real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from pydantic import SecretStr

from huitou.delivery.channels.base import Envelope, Limits, Outcome
from huitou.delivery.channels.endpoint import Endpoint
from huitou.delivery.channels.signed_http import SignedHttp
from huitou.delivery.channels.transport import MAX_ANSWER

pytestmark = pytest.mark.integration
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
ENVELOPE = Envelope("m-1", "c", "http", "sms", "k", "h", "", "text", "+8613800000001")
LIMITS = Limits(concurrency=4, connect_seconds=0.4, total_seconds=0.8)
OK = b'{"code": "accepted", "id": "p-1"}'


def exchange(url: str, sends: int = 1) -> list[Outcome]:
    """Send the envelope one time after the other over one session."""

    async def go() -> list[Outcome]:
        channel = SignedHttp(Endpoint(url, SecretStr("s"), False), LIMITS)
        await channel.open()
        try:
            return [await channel.send(ENVELOPE) for _ in range(sends)]
        finally:
            await channel.close()

    return asyncio.run(go())


def against(handler: Handler, scheme: str = "http", sends: int = 1) -> tuple[list[Outcome], list[bytes]]:
    """Outcomes against a server on loopback, and the requests that reached it."""
    seen: list[bytes] = []

    async def go() -> list[Outcome]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await reader.read(65536):
                seen.append(head)
                await handler(reader, writer)
                if writer.is_closing():
                    return

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        out = await asyncio.to_thread(exchange, f"{scheme}://127.0.0.1:{port}", sends)
        server.close()
        return out

    return asyncio.run(go()), seen


def answers(status: str, body: bytes, *headers: str, length: int | None = None, close: bool = False) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        if close:
            writer.close()

    return handler


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connected = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3)
    writer.close()


@pytest.mark.parametrize(
    ("handler", "kind", "code"),
    [
        (answers("200 OK", OK), "accepted", "accepted"),
        (answers("200 OK", OK, length=len(OK) + 5, close=True), "unknown", "broken:ClientPayloadError"),
        (answers("200 OK", b" " * (MAX_ANSWER - len(OK)) + OK), "accepted", "accepted"),
        (answers("200 OK", b" " * (MAX_ANSWER + 1 - len(OK)) + OK), "unknown", "http_200_unreadable"),
        (answers("200 OK", b"[" * 60_000), "unknown", "http_200_unreadable"),
        (answers("200 OK", b"[1]"), "unknown", "http_200_unreadable"),
        (answers("200 OK", b"\x1f\x8b\x08", "Content-Encoding: gzip"), "unknown", "http_200_unreadable"),
        (answers("307 Temporary Redirect", b"", "Location: /elsewhere"), "unknown", "http_307_unreadable"),
        (answers("not http at all", b""), "unknown", "broken:"),
        (closes, "unknown", "broken:ServerDisconnectedError"),
        (resets, "unknown", "broken:ClientOSError"),
        (hangs, "unknown", "timeout"),
    ],
)
def test_send_is_unknown_when_it_breaks_after_the_first_byte(handler: Handler, kind: str, code: str) -> None:
    (outcome,), seen = against(handler)
    assert outcome.kind == kind
    assert outcome.code.startswith(code)
    assert len(seen) == 1


def test_send_is_never_repeated_when_a_kept_connection_breaks() -> None:
    calls = iter([answers("200 OK", OK), closes])

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(calls)(reader, writer)

    outcomes, seen = against(handler, sends=2)
    assert [outcome.kind for outcome in outcomes] == ["accepted", "unknown"]
    assert len(seen) == 2


def test_send_is_not_processed_when_the_connection_is_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (outcome,) = exchange(f"http://127.0.0.1:{port}")
    assert (outcome.kind, outcome.code, outcome.cause) == ("not_processed", "connect", "connection")


def test_send_is_not_processed_when_tls_fails() -> None:
    (outcome,), seen = against(answers("200 OK", OK), scheme="https")
    assert (outcome.kind, outcome.code, outcome.cause) == ("not_processed", "tls", "connection")
    assert not any(b"+8613800000001" in sent for sent in seen)


def test_send_is_not_processed_when_the_name_is_unknown() -> None:
    (outcome,) = exchange("http://nowhere.invalid:9")
    assert outcome.kind == "not_processed"
    assert outcome.code in ("name_not_found", "connect_timeout")


def test_send_is_not_processed_when_nobody_takes_the_connection() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        (outcome,) = exchange(f"http://127.0.0.1:{address[1]}")
        for filler in fillers:
            filler.close()
    assert (outcome.kind, outcome.code) == ("not_processed", "connect_timeout")


def test_send_signs_and_names_the_message_when_it_goes_out() -> None:
    _, (sent,) = against(answers("200 OK", OK))
    text = sent.decode()
    assert text.startswith("POST /messages HTTP/1.1\r\n")
    assert "Idempotency-Key: m-1\r\n" in text
    assert "X-Huitou-Signature: " in text
    assert '"to":"+8613800000001","text":"text"' in text
