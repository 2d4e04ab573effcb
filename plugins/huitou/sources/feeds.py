"""Feed files: where a feed comes from and how its columns map to the contract.

A set of feeds is a folder: ``_source.yml`` says whose files they are, every other ``*.yml`` is one feed, named by
its stem. Every mistake in them is a ``UserError`` that names the file, the key and what is allowed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.contract import Contract, contracts
from huitou.sources.extract_spec import HttpSpec, SqlSpec
from huitou.sources.file_spec import DATE_MARK, FilesSpec
from huitou.sources.time_zone import TimeZone
from huitou.yaml_files import Strict, did_you_mean, read_yaml, validated

SOURCE_FILE = "_source.yml"
CONNECTORS = ("files", "sql", "http")
# What an extraction is landed as; the reader of that form takes it from there.
LANDED_FORMATS = {"sql": "parquet", "http": "jsonl"}
READING_KEYS = ("date_column", "explode")

T = TypeVar("T")
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]


class ColumnMap(Strict):
    """How one contract column is made: from a source column, a constant, or a count within other columns."""

    source: str | None = Field(None, alias="from")
    const: str | None = None
    ordinal: tuple[str, ...] = ()
    values: dict[str, str] = Field({})
    format: str | None = None
    time_zone: TimeZone | None = None
    decimal: Literal[".", ","] = "."
    divide: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMap:
        given = [
            name for name, value in (("from", self.source), ("const", self.const), ("ordinal", self.ordinal)) if value
        ]
        if len(given) != 1:
            raise ValueError("give exactly one of: from, const, ordinal")
        return self


class EarlierColumns(Strict):
    """How the feed's columns came in files up to the business date ``until``, which is included."""

    until: date
    columns: dict[str, ColumnMap]
    ignore: tuple[str, ...] = ()


class Feed(Strict):
    """One feed of one source. ``columns`` and ``ignore`` are of what comes now."""

    feed: str
    describes: str
    owner: str
    connector: Literal["files", "sql", "http"]
    files: FilesSpec
    sql: SqlSpec | None = None
    http: HttpSpec | None = None
    columns: dict[str, ColumnMap]
    ignore: tuple[str, ...] = ()
    earlier: tuple[EarlierColumns, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_connector(cls, data: Any) -> Any:
        """An extraction is landed as a file; ``files`` then holds how that file is read, and may be left out."""
        kind = data.get("connector") if isinstance(data, dict) else None
        if kind not in CONNECTORS:
            return data
        if kind not in data:
            raise ValueError(f"connector {kind} needs a part {kind}:")
        other = next((name for name in ("sql", "http") if name != kind and name in data), None)
        if other:
            raise ValueError(f"connector {kind} takes no part {other}:")
        if kind == "files":
            return data
        reading = data.get("files") or {}
        fixed = [name for name in reading if name not in READING_KEYS]
        if fixed:
            allowed = " and ".join(READING_KEYS)
            raise ValueError(f"files.{fixed[0]}: is settled by connector {kind}; files: takes {allowed} there")
        landed = LANDED_FORMATS[kind]
        path = f"{data.get('feed')}-{DATE_MARK}.{landed}"
        return {**data, "files": {"path": path, "format": landed, **reading}}

    @model_validator(mode="after")
    def _one_reading_a_date(self) -> Feed:
        dates = [one.until for one in self.earlier]
        twice = next((day for day in dates if dates.count(day) > 1), None)
        if twice:
            raise ValueError(f"earlier: two entries are until {twice}; a file has one mapping")
        return self

    @property
    def contract(self) -> Contract:
        return contracts()[self.feed]

    @property
    def readings(self) -> tuple[tuple[date, Feed], ...]:
        """The feed as it reads files up to each business date; the last is of what comes now."""
        earlier = sorted(self.earlier, key=lambda one: one.until)
        changed = ((one.until, {"columns": one.columns, "ignore": one.ignore}) for one in earlier)
        return (*((until, self.model_copy(update=columns)) for until, columns in changed), (date.max, self))

    def on(self, business_date: date) -> Feed:
        """The feed as it reads files of that date."""
        return next(reading for until, reading in self.readings if business_date <= until)

    def by_reading(self, things: Iterable[T], date_of: Callable[[T], date]) -> Iterator[tuple[Feed, list[T]]]:
        """For each reading, the oldest first, the things whose file's business date it is for."""
        left = list(things)
        for until, reading in self.readings:
            yield reading, [thing for thing in left if date_of(thing) <= until]
            left = [thing for thing in left if date_of(thing) > until]

    @property
    def source_columns(self) -> tuple[str, ...]:
        """The columns of the source that the mapping reads, each once, in order."""
        names: list[str] = []
        for column in self.columns.values():
            names += [column.source] if column.source else list(column.ordinal)
        if self.files.date_column:
            names.append(self.files.date_column)
        return tuple(dict.fromkeys(names))

    @property
    def mapping_sha256(self) -> str:
        """Changes when a row of the same file would be read in another way."""
        text = self.model_dump_json(include={"columns", "files"}, by_alias=True)
        return hashlib.sha256(text.encode()).hexdigest()


class IdentityRules(Strict):
    """What keeps strangers apart: a contact point on more accounts than ``sharing_limit`` tells nothing of who they
    are, and people with more than ``identifier_limit`` identifiers are joined by the surest of them alone."""

    sharing_limit: int = Field(default=5, ge=1)
    identifier_limit: int = Field(default=50, ge=1)


class SourceSet(Strict):
    """A shop's source: its name, where its files are, its clock and its money, and its feeds."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    root: str
    time_zone: TimeZone
    base_currency: Currency
    country: str = Field(pattern=r"^[A-Z]{2}$")
    identity: IdentityRules = IdentityRules()
    feeds: dict[str, Feed] = Field({}, exclude=True)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def feed(self, name: str) -> Feed:
        """The feed of that name. Raises ``UserError`` with the names that exist."""
        if name not in self.feeds:
            raise UserError(f"{name} is not a feed of {self.name}. Feeds are: {', '.join(self.feeds)}.")
        return self.feeds[name]


def load_source_set(settings: Settings) -> SourceSet:
    """The set of feeds that the settings pick. Raises ``UserError`` for a folder or file that is not right."""
    folder = settings.sources
    if not (folder / SOURCE_FILE).is_file():
        raise UserError(
            f"{folder} is not a set of feeds: it has no {SOURCE_FILE}. Set HUITOU_SOURCES to a folder that has one."
        )
    head = read_yaml(folder / SOURCE_FILE)
    feeds = {}
    for path in sorted(folder.glob("*.yml")):
        if path.name != SOURCE_FILE:
            feeds[path.stem] = _load_feed(path)
    if not feeds:
        raise UserError(f"{folder} holds no feed file: add one, see docs/architecture.md.")
    source_set = validated(SourceSet, folder / SOURCE_FILE, {**head, "feeds": {}})
    root = settings.source_root or _resolved_root(source_set.root, folder, settings)
    return source_set.model_copy(update={"root": root, "feeds": feeds})


def _resolved_root(root: str, folder: Path, settings: Settings) -> str:
    text = root.replace("{home}", str(settings.home))
    return text if "://" in text or Path(text).is_absolute() else str((folder / text).resolve())


def _load_feed(path: Path) -> Feed:
    feed = validated(Feed, path, read_yaml(path))
    known = contracts()
    if feed.feed != path.stem:
        raise UserError(f"{path}: feed: is {feed.feed}, but the file is named {path.name}. Make them the same.")
    if feed.feed not in known:
        raise UserError(f"{path}: feed: {feed.feed} has no contract. Contracts are: {', '.join(known)}.")
    for number, one in enumerate(feed.earlier):
        _check_columns(path, f"earlier.{number}.columns", one.columns, known[feed.feed])
    _check_columns(path, "columns", feed.columns, known[feed.feed])
    return feed


def _check_columns(path: Path, place: str, columns: dict[str, ColumnMap], contract: Contract) -> None:
    for name in columns:
        if name not in contract.columns:
            hint = did_you_mean(name, list(contract.columns))
            raise UserError(
                f"{path}: {place}.{name}: not in the contract.{hint} Allowed are: {', '.join(contract.columns)}."
            )
    missing = [name for name in contract.required if name not in columns]
    missing = [name for name in missing if contract.columns[name].type != "currency"]
    if missing:
        raise UserError(f"{path}: {place}: the contract requires {', '.join(missing)}. Map each of them.")


def iso_date(text: str) -> date:
    """The date that ``YYYY-MM-DD`` says. Raises ``UserError``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a date. Write it as YYYY-MM-DD, for example 2026-11-21.") from None
