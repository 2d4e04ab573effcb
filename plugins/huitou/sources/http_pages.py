"""Pages of a JSON API: the address of the next one, and the records of the one that came, byte for byte.

A record is cut out of the answer as it stands, so a number keeps the digits that it was sent with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from zoneinfo import ZoneInfo

import msgspec

from huitou.errors import PermanentError
from huitou.sources.extract_spec import HttpSpec, overlap
from huitou.sources.windows import Window

_RAW_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw] | None)
# A line break in JSON stands between values only; within a text it is written as an escape.
_TO_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class NotAPageError(Exception):
    """The answer is no whole JSON text: it was cut, or something on the way answered in its place."""


@dataclass(frozen=True)
class Page:
    """Records as JSON Lines, how many, what the API says there are in all, and where the next page is."""

    lines: bytes
    records: int
    total: int | None
    next: Any
    is_last: bool


def parameters(spec: HttpSpec, asked: Window, first: str | None, zone: ZoneInfo) -> dict[str, str]:
    """What every page's request carries but its position; ``first`` is where a first night begins."""
    given = dict(spec.params)
    if spec.since and asked.low:
        back = timedelta() if asked.low == first else overlap(spec.look_back)
        given[spec.since] = _moment(spec, datetime.fromisoformat(asked.low) - back, zone)
    if spec.until and asked.high:
        end = datetime.fromisoformat(asked.high) - timedelta(seconds=spec.inclusive_until)
        given[spec.until] = _moment(spec, end, zone)
    if spec.paging.size_param:
        given[spec.paging.size_param] = str(spec.paging.size)
    return given


def _moment(spec: HttpSpec, instant: datetime, zone: ZoneInfo) -> str:
    if spec.time_format == "unix":
        return str(int(instant.timestamp()))
    if spec.time_format == "unix_ms":
        return str(int(instant.timestamp() * 1000))
    local = instant.astimezone(zone)
    if spec.time_format == "date":
        return local.date().isoformat()
    return local.isoformat() if spec.time_format == "iso" else local.strftime(spec.time_format)


def address(spec: HttpSpec, given: Mapping[str, str], position: Any) -> str:
    """The URL of the page at ``position``; None is the first."""
    if spec.paging.style == "link" and position is not None:
        return str(position)
    at = {}
    if spec.paging.style == "page":
        at = {str(spec.paging.param): str(spec.paging.first if position is None else position)}
    elif spec.paging.style == "cursor" and position is not None:
        at = {str(spec.paging.param): str(position)}
    query = urlencode({**given, **at})
    return f"{spec.url}?{query}" if query else spec.url


def read_page(spec: HttpSpec, url: str, body: bytes, link: str | None, position: Any) -> Page:
    """The page that ``body`` is; ``link`` is what its Link header calls the next.

    Raises ``NotAPageError`` where it is no JSON, ``PermanentError`` where it is not what the feed file says.
    """
    try:
        raw = body.removeprefix(b"\xef\xbb\xbf")
        records = _RAW_LIST.decode(_at(raw, spec.records, "records")) or []
        total = _number(_at(raw, spec.total, "total")) if spec.total else None
        following = _next(spec, url, raw, link, position, len(records))
    except msgspec.ValidationError:
        raise PermanentError(f"{spec.url}: what stands at {'.'.join(spec.records) or 'the top'} is no list.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotAPageError("the answer is not JSON") from None
    lines = b"".join(bytes(record).translate(_TO_ONE_LINE) + b"\n" for record in records)
    is_last = following is None
    if following is not None and following == position:
        if records:
            raise PermanentError(f"{spec.url}: the answer names the same page as the next one again and again.")
        is_last = True
    return Page(lines, len(records), total, following, is_last)


def _at(raw: bytes | msgspec.Raw, path: tuple[str, ...], what: str, *, may_lack: bool = False) -> bytes | msgspec.Raw:
    for depth, key in enumerate(path, start=1):
        try:
            found = _RAW_OBJECT.decode(raw).get(key)
        except msgspec.ValidationError:
            found = None
        if found is None:
            if may_lack and depth == len(path):
                return b"null"
            raise PermanentError(f"The answer has no {'.'.join(path[:depth])}, where http.{what} looks.")
        raw = found
    return raw


def _number(raw: bytes | msgspec.Raw) -> int:
    value = msgspec.json.decode(raw)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise PermanentError("What stands at http.total is no whole number.")
    return value


def _next(spec: HttpSpec, url: str, raw: bytes, link: str | None, position: Any, records: int) -> Any:
    paging = spec.paging
    if paging.style == "none":
        return None
    said = msgspec.json.decode(_at(raw, paging.next, "paging.next", may_lack=True)) if paging.next else None
    if paging.style == "page":
        goes_on = bool(said) if paging.next else records > 0
        return (paging.first if position is None else position) + 1 if goes_on else None
    if paging.style == "cursor":
        return said if said not in ("", False) else None
    target = said if paging.next else link
    return _same_origin(spec.url, urljoin(url, str(target))) if target else None


def _same_origin(base: str, url: str) -> str:
    """The URL, where it leads to the host that the feed file names: the request carries a secret."""
    here, there = urlsplit(base), urlsplit(url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise PermanentError(f"{base}: the answer leads to another host, {there.scheme}://{there.hostname}.")
    return url
