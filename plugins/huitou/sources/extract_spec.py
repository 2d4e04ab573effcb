"""The parts of a feed file that say how records are extracted from a shop's own system: `sql` and `http`."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from huitou.sources.time_zone import TimeZone
from huitou.yaml_files import Strict, did_you_mean

QUERY_NAMES = ("business_date", "day_start", "day_end", "cursor")
SECRET_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-api-key")
# How SQLAlchemy reads a bound parameter: not a cast (::), not a time of day, not escaped.
_BOUND = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)(?!:)")
_DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _as_text(value: Any) -> Any:
    """YAML turns 2026-01-01 into a date; the first value of a cursor is text whatever it looks like."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _duration(text: str) -> str:
    if not (_DURATION.fullmatch(text) or text.isdecimal()):
        raise ValueError("write a number with s, m, h or d, such as 90m or 2d; for an integer cursor a number")
    return text


def _path(value: Any) -> Any:
    return tuple(part for part in value.split(".") if part) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Overlap = Annotated[str, BeforeValidator(_as_text), AfterValidator(_duration)]
Place = Annotated[tuple[str, ...], BeforeValidator(_path)]
ConnectionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def overlap(text: str) -> timedelta:
    """The duration that ``90m`` or ``2d`` says; a bare number is seconds."""
    match = _DURATION.fullmatch(text)
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))}) if match else timedelta(seconds=int(text))


class SqlSpec(Strict):
    """The `sql` connector: the rows of a table or query that changed since the last night."""

    connection: ConnectionName
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    cursor_type: Literal["timestamp", "date", "integer", "text"] = "timestamp"
    start: Text | None = None
    look_back: Overlap | None = None
    time_zone: TimeZone | None = None
    batch: int = Field(20_000, ge=1, le=1_000_000)

    @property
    def takes_cursor(self) -> bool:
        """The query applies the cursor itself, in place of the connector."""
        return "cursor" in bound_names(self.query or "")

    @model_validator(mode="after")
    def _consistent(self) -> SqlSpec:
        if (self.table is None) == (self.query is None):
            raise ValueError("give exactly one of: table, query")
        for name in bound_names(self.query or ""):
            if name not in QUERY_NAMES:
                hint = did_you_mean(name, list(QUERY_NAMES))
                allowed = ", ".join(f":{known}" for known in QUERY_NAMES)
                raise ValueError(f"query: :{name} is no parameter.{hint} Allowed are: {allowed}")
        if self.takes_cursor and (self.cursor is None or self.start is None):
            raise ValueError("query: :cursor needs cursor: and start:, the value that the first night begins with")
        if self.look_back is not None and self.look_back.isdecimal() != (self.cursor_type == "integer"):
            raise ValueError("look_back: a duration for a time, such as 2h; a number for an integer cursor")
        if self.look_back is not None and self.cursor_type == "date" and not self.look_back.endswith("d"):
            raise ValueError("look_back: of a date cursor in days, such as 2d")
        if self.look_back is not None and self.cursor_type == "text":
            raise ValueError("look_back: a text cursor has none")
        return self


def bound_names(query: str) -> list[str]:
    """The parameters that a query names, in order."""
    return _BOUND.findall(query)


class PagingSpec(Strict):
    """How one page leads to the next."""

    style: Literal["none", "page", "cursor", "link"] = "none"
    param: str | None = None
    next: Place = ()
    first: int = 1
    size_param: str | None = None
    size: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> PagingSpec:
        if self.style in ("page", "cursor") and not self.param:
            raise ValueError(f"paging by {self.style} needs param: the name that the request gives it")
        if self.style == "cursor" and not self.next:
            raise ValueError("paging by cursor needs next: where the answer tells the next one, such as meta.next")
        if (self.size is None) != (self.size_param is None):
            raise ValueError("give size and size_param together")
        return self


class SignatureSpec(Strict):
    """What `auth: hmac` signs, and the headers that carry it."""

    text: str = "{timestamp}\n{method}\n{target}"
    digest: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    header: str = "X-Signature"
    timestamp_header: str = "X-Timestamp"
    key_header: str = "X-Key-Id"

    @model_validator(mode="after")
    def _known_parts(self) -> SignatureSpec:
        parts = re.findall(r"\{([^}]*)\}", self.text)
        unknown = [part for part in parts if part not in ("timestamp", "method", "target", "key_id")]
        if unknown or "target" not in parts:
            raise ValueError("text: write it of {timestamp}, {method}, {target} and {key_id}; {target} must be in it")
        return self


class HttpSpec(Strict):
    """The `http` connector: an API that answers JSON, page by page."""

    url: str = Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")
    connection: ConnectionName | None = None
    auth: Literal["none", "bearer", "hmac"] = "none"
    auth_header: str = "Authorization"
    signature: SignatureSpec = SignatureSpec()
    headers: dict[str, str] = Field({})
    params: dict[str, Text] = Field({})
    since: str | None = None
    until: str | None = None
    time_format: str = "iso"
    inclusive_until: bool = False
    start: date | None = None
    look_back: Overlap = "1d"
    paging: PagingSpec = PagingSpec()
    records: Place = ()
    total: Place = ()
    per_second: float = Field(5.0, gt=0, le=1000)
    timeout_seconds: float = Field(30.0, gt=0, le=600)
    attempts: int = Field(6, ge=1, le=20)
    longest_wait_seconds: float = Field(300.0, ge=0)
    page_bytes: int = Field(16 << 20, ge=1)
    most_pages: int = Field(100_000, ge=1)
    redirects: int = Field(0, ge=0, le=5)

    @model_validator(mode="after")
    def _consistent(self) -> HttpSpec:
        if (self.auth == "none") != (self.connection is None):
            raise ValueError("auth: bearer and hmac need connection:, and a connection needs one of them")
        if self.time_format not in ("iso", "date", "unix", "unix_ms") and "%" not in self.time_format:
            raise ValueError("time_format: one of iso, date, unix, unix_ms, or a pattern such as %Y%m%d%H%M%S")
        secret = [name for name in self.headers if name.lower() in SECRET_HEADERS]
        if secret:
            raise ValueError(f"headers: {secret[0]} is a secret: use auth: and the file of connections")
        if self.until and not self.since:
            raise ValueError("until: goes with since:")
        return self
