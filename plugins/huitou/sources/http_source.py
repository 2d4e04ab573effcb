"""The `http` connector: an API that answers JSON, page by page, landed as JSON Lines.

One request at a time, at the pace that the feed file allows. A page that does not come is asked for again; a
refusal is final; an extraction that was killed goes on behind its last page.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
from yarl import URL

from huitou.backoff import full_jitter, retry_after
from huitou.errors import PermanentError, TransientError, UserError
from huitou.settings import Settings
from huitou.sources.extract_spec import HttpSpec
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.files import LandedFile, SourceFile
from huitou.sources.http_access import Authority, authority
from huitou.sources.http_journal import Journal
from huitou.sources.http_pace import Bucket
from huitou.sources.http_pages import NotAPageError, Page, address, parameters, read_page
from huitou.sources.landing import keep, partial_path
from huitou.sources.windows import Window, day_bounds, window

log = logging.getLogger(__name__)
CONNECT_SECONDS = 10.0
BACKOFF_BASE, BACKOFF_CAP = 0.5, 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# The server was not ready, or too much was asked: the same request may be answered later.
PASSING = frozenset({408, 425, 429}) | frozenset(range(500, 600))
# A page's address that was given out before a break may have run out; from the first page on it is another matter.
RUN_OUT = frozenset({400, 404, 410, 422})


class RefusedError(Exception):
    """The API refused a request for good, with this status."""

    def __init__(self, status: int) -> None:
        self.status = status


def find(settings: Settings, source_set: SourceSet, feed: Feed, night: date) -> list[SourceFile]:
    """One extraction: the window of the night. The API is not asked yet."""
    spec = _spec(feed)
    asked = Window(_origin(spec))
    if spec.since:
        asked = Window(
            _origin(spec), _first(source_set, spec, night), day_bounds(night, source_set.zone)[1].isoformat()
        )
        asked = window(settings, source_set, feed, night, asked)
    return [SourceFile(spec.url, f"{feed.feed}-{night}.jsonl", night, asked.stamp())]


def land(settings: Settings, source_set: SourceSet, feed: Feed, file: SourceFile, folder: Path) -> LandedFile:
    """Extract every page of the window into one file of JSON Lines.

    Raises ``TransientError`` where the API may answer later, ``PermanentError`` where it refuses or answers what the
    feed file does not say. What came so far is kept for the next call.
    """
    spec, asked = _spec(feed), Window.read(file.stamp)
    given = parameters(spec, asked, _first(source_set, spec, file.business_date), source_set.zone)
    authorise = authority(settings, spec)
    if urlsplit(spec.url).scheme == "http" and spec.auth == "bearer":
        log.warning("%s: the token crosses the network in clear: use https", feed.feed)
    path = partial_path(folder, file)
    try:
        journal = Journal(path, _identity(spec, given), time.time())
        try:
            asyncio.run(_Extraction(feed.feed, spec, given, authorise, journal).run())
        finally:
            journal.close()
        _check_total(feed.feed, journal)
        origin = replace(file, stamp=asked.stamp_seen(_seen(asked, journal)))
        landed = keep(path, origin, folder)
        journal.discard()
        return landed
    except OSError as error:
        raise UserError(f"{feed.feed}: cannot be landed in {folder}: {error.strerror or error}.") from None


def _spec(feed: Feed) -> HttpSpec:
    assert feed.http is not None
    return feed.http


def _origin(spec: HttpSpec) -> str:
    parts = urlsplit(spec.url)
    return f"{parts.netloc}{parts.path}"


def _first(source_set: SourceSet, spec: HttpSpec, night: date) -> str:
    """Where a night begins that has none before it."""
    return day_bounds(spec.start or night, source_set.zone)[0].isoformat()


def _identity(spec: HttpSpec, given: dict[str, str]) -> str:
    asked = [spec.url, given, spec.paging.model_dump(), spec.records]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _seen(asked: Window, journal: Journal) -> str | None:
    """How far the night saw: its end, or the moment it was asked where that was earlier."""
    if asked.high is None:
        return None
    return min(datetime.fromisoformat(asked.high), datetime.fromtimestamp(journal.began, UTC)).isoformat()


def _check_total(feed: str, journal: Journal) -> None:
    if journal.total is not None and journal.total != journal.records:
        journal.discard()
        raise TransientError(
            f"{feed}: the API says that there are {journal.total} records and gave {journal.records}. "
            "Nothing was landed; the next try begins at the first page."
        )


@dataclass(frozen=True)
class _Extraction:
    """All pages of one window, into the journal."""

    feed: str
    spec: HttpSpec
    given: dict[str, str]
    authorise: Authority
    journal: Journal

    async def run(self) -> None:
        """Ask for page after page until the last."""
        timeout = aiohttp.ClientTimeout(total=self.spec.timeout_seconds, sock_connect=CONNECT_SECONDS)
        bucket, may_restart = Bucket(self.spec.per_second), self.journal.was_resumed
        async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
            while not self.journal.is_done:
                if self.journal.pages >= self.spec.most_pages:
                    raise PermanentError(f"{self.feed}: more than {self.spec.most_pages} pages (http.most_pages).")
                try:
                    self.journal.add(await self._page(session, bucket))
                except RefusedError as error:
                    if not (may_restart and error.status in RUN_OUT):
                        raise PermanentError(self._refusal(error.status)) from None
                    log.warning("%s: the page at which it broke off is gone: from the first page again", self.feed)
                    self.journal.restart(time.time())
                may_restart = False

    async def _page(self, session: aiohttp.ClientSession, bucket: Bucket) -> Page:
        """The page at the journal's position, after as many tries as the feed file allows."""
        url = address(self.spec, self.given, self.journal.position)
        for attempt in range(1, self.spec.attempts + 1):
            await bucket.take()
            asked_to_wait = None
            try:
                return await self._ask(session, url)
            except aiohttp.ClientConnectorCertificateError:
                raise PermanentError(f"{self.feed}: {self.spec.url} shows a certificate that is not trusted.") from None
            except (aiohttp.ClientError, NotAPageError, OSError, _NotNow) as error:
                reason = str(error) if isinstance(error, _NotNow | NotAPageError) else type(error).__name__
                asked_to_wait = error.wait if isinstance(error, _NotNow) else None
            wait = full_jitter(attempt, BACKOFF_BASE, BACKOFF_CAP) if asked_to_wait is None else asked_to_wait
            if attempt == self.spec.attempts:
                break
            if wait > self.spec.longest_wait_seconds:
                raise TransientError(f"{self.feed}: {self.spec.url} asks to wait for {wait:.0f} s. Try again later.")
            log.info("%s: page %d: %s; again in %.1f s", self.feed, self.journal.pages + 1, reason, wait)
            await asyncio.sleep(wait)
        raise TransientError(f"{self.feed}: {self.spec.url} gave no page in {self.spec.attempts} tries: {reason}.")

    async def _ask(self, session: aiohttp.ClientSession, url: str) -> Page:
        for _ in range(self.spec.redirects + 1):
            headers = {"Accept": "application/json", **self.spec.headers, **self.authorise(url, time.time())}
            async with session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as response:
                if response.status in REDIRECTS:
                    url = self._led(url, response.headers.get("Location", ""))
                    continue
                if response.status in PASSING:
                    wait = retry_after(response.headers.get("Retry-After"), time.time())
                    raise _NotNow(f"status {response.status}", wait)
                if response.status != 200:
                    raise RefusedError(response.status)
                body = await self._body(response)
                following = response.links.get("next")
                link = str(following["url"]) if following else None
                return read_page(self.spec, url, body, link, self.journal.position)
        raise PermanentError(f"{self.feed}: {self.spec.url} redirects, more often than http.redirects allows.")

    def _led(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if urlsplit(target)[:2] != urlsplit(self.spec.url)[:2]:
            raise PermanentError(f"{self.feed}: {self.spec.url} redirects to another host; write its address instead.")
        return target

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(1 << 16):
            body += chunk
            if len(body) > self.spec.page_bytes:
                raise PermanentError(
                    f"{self.feed}: a page is larger than {self.spec.page_bytes} bytes: ask for smaller pages, "
                    "or raise http.page_bytes."
                )
        charset = (response.charset or "utf-8").lower()
        try:
            return bytes(body) if charset in ("utf-8", "utf8") else bytes(body).decode(charset).encode()
        except (LookupError, UnicodeDecodeError):
            raise NotAPageError(f"the answer is not the {charset[:20]} that it says") from None

    def _refusal(self, status: int) -> str:
        hint = {401: " Check the secret of its connection.", 403: " Check the rights of its connection."}.get(
            status, ""
        )
        return f"{self.feed}: {self.spec.url} refuses with status {status}.{hint}"


class _NotNow(Exception):
    """The API asks to come back later, perhaps after ``wait`` seconds."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.wait = wait
