"""One signed request and the whole truth about it: what came back, or on which side of the first byte it broke."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from typing import Any

import aiohttp

from huitou.delivery.channels.base import Limits
from huitou.delivery.channels.endpoint import START_HINT, Endpoint
from huitou.delivery.clock import wire_seconds
from huitou.errors import TransientError

log = logging.getLogger(__name__)
MAX_ANSWER = 64 * 1024
PROBE_SECONDS = 3.0


class NotSentError(Exception):
    """No byte of the request left: the name, the connection or TLS failed first."""


class NoAnswerError(Exception):
    """The request may have left and no whole answer came."""


@dataclass(frozen=True)
class Answer:
    """Status, body (None where it is not a JSON object) and the Retry-After header."""

    status: int
    body: dict[str, Any] | None
    retry_after: str | None = None


class Transport:
    """One session with bounded connections. It follows no redirect, repeats nothing and keeps no cookies.

    aiohttp itself repeats a request on a broken idle connection for idempotent methods only; POST is none.
    """

    def __init__(self, endpoint: Endpoint, limits: Limits) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session. Raises ``TransientError`` where the provider is the sandbox and does not answer."""
        limits = self._limits
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limits.concurrency),
            timeout=aiohttp.ClientTimeout(total=limits.total_seconds, sock_connect=limits.connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )
        if self._endpoint.is_sandbox:
            await self._probe(self._session)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def exchange(self, method: str, path: str, body: bytes = b"", idempotency_key: str | None = None) -> Answer:
        """Make one request. Raises ``NotSentError`` or ``NoAnswerError``, whose text is a short code."""
        if self._session is None:
            raise NotSentError("not_open")
        headers = self._headers(body, idempotency_key)
        url = self._endpoint.url + path
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                text = await _capped(response)
                return Answer(response.status, _parsed(text), response.headers.get("Retry-After"))
        except aiohttp.ConnectionTimeoutError:
            raise NotSentError("connect_timeout") from None
        except aiohttp.ClientConnectorDNSError:
            raise NotSentError("name_not_found") from None
        except aiohttp.ClientSSLError:
            raise NotSentError("tls") from None
        except aiohttp.ClientConnectorError:
            raise NotSentError("connect") from None
        except TimeoutError:
            raise NoAnswerError("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswerError(f"broken:{type(error).__name__}") from None

    def _headers(self, body: bytes, idempotency_key: str | None) -> dict[str, str]:
        stamp = str(wire_seconds())
        headers = {
            "X-Huitou-Timestamp": stamp,
            "X-Huitou-Signature": signature(self._endpoint.secret.get_secret_value(), stamp, body),
        }
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return headers

    async def _probe(self, session: aiohttp.ClientSession) -> None:
        try:
            async with asyncio.timeout(PROBE_SECONDS), session.get(self._endpoint.url + "/health") as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, OSError, TimeoutError):
            log.debug("the sandbox left an address and does not answer there")
        raise TransientError(f"The sandbox provider does not answer: {START_HINT}.")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA-256 over the timestamp, a line feed and the body; 64 hexadecimal characters."""
    return hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()


async def _capped(response: aiohttp.ClientResponse) -> bytes:
    """The body, or one byte more than the cap: then it is no answer that could be trusted."""
    taken = b""
    while len(taken) <= MAX_ANSWER:
        chunk = await response.content.read(MAX_ANSWER + 1 - len(taken))
        if not chunk:
            break
        taken += chunk
    return taken


def _parsed(text: bytes) -> dict[str, Any] | None:
    if len(text) > MAX_ANSWER:
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
