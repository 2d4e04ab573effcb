"""A store on loopback that speaks the part of S3 that readers need, and checks every signature (Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

INSTANT = datetime(2026, 11, 20, 22, tzinfo=UTC)
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG"
MOST_KEYS = 3  # few, so that listings come in pages


class Bucket:
    """The objects of one bucket, by key, and every request that was answered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.url = ""


@contextmanager
def s3_server(name: str = "drops") -> Iterator[Bucket]:
    """A running server with one empty bucket."""
    bucket = Bucket(name)
    handler = type("Handler", (_Handler,), {"bucket": bucket})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        url = urlsplit(self.path)
        if not self._signed(url.path, url.query):
            self._error(403, "SignatureDoesNotMatch")
            return
        self.bucket.requests.append(f"{self.command} {self.path}")
        name, _, key = unquote(url.path).strip("/").partition("/")
        if name != self.bucket.name:
            self._error(404, "NoSuchBucket")
        elif not key:
            self._send(200, self._listing(dict(parse_qsl(url.query, keep_blank_values=True))))
        elif key not in self.bucket.objects:
            self._error(404, "NoSuchKey")
        else:
            self._object(self.bucket.objects[key])

    def _object(self, data: bytes) -> None:
        wanted = self.headers.get("Range")
        if wanted is None:
            self._send(200, data)
            return
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        first, last = int(start), min(int(end or len(data) - 1), len(data) - 1)
        self._send(206, data[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(data)}"})

    def _listing(self, asked: dict[str, str]) -> bytes:
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        after = asked.get("continuation-token", "")
        entries: dict[str, bytes | None] = {}
        for key in sorted(self.bucket.objects):
            rest = key.removeprefix(prefix)
            if not key.startswith(prefix):
                continue
            if delimiter and delimiter in rest:
                entries[prefix + rest.split(delimiter)[0] + delimiter] = None
            else:
                entries[key] = self.bucket.objects[key]
        names = [name for name in entries if name > after]
        page = names[: min(MOST_KEYS, int(asked.get("max-keys", MOST_KEYS)))]
        more = len(page) < len(names)
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        body = "".join(_entry(name, entries[name]) for name in page)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{self.bucket.name}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<MaxKeys>{MOST_KEYS}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>{token}{body}"
            "</ListBucketResult>"
        ).encode()

    def _error(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"')
        self.send_header("Last-Modified", format_datetime(INSTANT, usegmt=True))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _signed(self, path: str, query: str) -> bool:
        header = self.headers.get("Authorization", "")
        if not header.startswith("AWS4-HMAC-SHA256 "):
            return False
        parts = dict(part.strip().split("=", 1) for part in header.split(" ", 1)[1].split(","))
        key, day, region, service, _ = parts["Credential"].split("/")
        names = parts["SignedHeaders"].split(";")
        pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, True))
        request = "\n".join(
            (
                self.command,
                path,
                "&".join(f"{k}={v}" for k, v in pairs),
                "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in names),
                parts["SignedHeaders"],
                self.headers["x-amz-content-sha256"],
            )
        )
        scope = f"{day}/{region}/{service}/aws4_request"
        text = (
            f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        )
        signing = f"AWS4{SECRET}".encode()
        for part in (day, region, service, "aws4_request"):
            signing = hmac.digest(signing, part.encode(), "sha256")
        return key == KEY and hmac.digest(signing, text.encode(), "sha256").hex() == parts["Signature"]


def _entry(name: str, data: bytes | None) -> str:
    if data is None:
        return f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
    tag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    when = INSTANT.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        f"<Contents><Key>{escape(name)}</Key><LastModified>{when}</LastModified><ETag>&quot;{tag}&quot;</ETag>"
        f"<Size>{len(data)}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
