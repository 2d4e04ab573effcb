"""Feed files: where a feed comes from and how its columns map to the contract.

A set of feeds is a folder: ``_source.yml`` says whose files they are, every other ``*.yml`` is one feed, named by
its stem. Every mistake in them is a ``UserError`` that names the file, the key and what is allowed.
"""

from __future__ import annotations

import difflib
import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.contract import Contract, contracts

SOURCE_FILE = "_source.yml"
DATE_MARK = "{business_date}"


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        near = difflib.get_close_matches(name, available_timezones(), n=1)
        raise ValueError(f"not an IANA time zone{f'; did you mean {near[0]}?' if near else ''}")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class FilesSpec(_Strict):
    """The `files` connector: one file a night, or one file that holds all dates."""

    path: str
    format: Literal["csv", "jsonl", "parquet"]
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    date_column: str | None = None
    final_newline: bool = True
    optional: bool = False

    @property
    def is_dated(self) -> bool:
        """The path names the business date: one file a night."""
        return DATE_MARK in self.path


class ColumnMap(_Strict):
    """How one contract column is made: from a source column, a constant, or a count within other columns."""

    source: str | None = Field(None, alias="from")
    const: str | None = None
    ordinal: tuple[str, ...] = ()
    values: dict[str, str] = {}
    format: str | None = None
    time_zone: TimeZone | None = None
    decimal: Literal[".", ","] = "."
    divide: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMap:
        given = [
            name
            for name, value in (("from", self.source), ("const", self.const), ("ordinal", self.ordinal))
            if value
        ]
        if len(given) != 1:
            raise ValueError("give exactly one of: from, const, ordinal")
        return self


class Feed(_Strict):
    """One feed of one source."""

    feed: str
    describes: str
    owner: str
    connector: Literal["files"]
    files: FilesSpec
    columns: dict[str, ColumnMap]
    ignore: tuple[str, ...] = ()

    @property
    def contract(self) -> Contract:
        return contracts()[self.feed]

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


class SourceSet(_Strict):
    """A shop's source: its name, where its files are, its clock and its money, and its feeds."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    root: str
    time_zone: TimeZone
    base_currency: Currency
    country: str = Field(pattern=r"^[A-Z]{2}$")
    feeds: dict[str, Feed] = {}

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
    head = _read(folder / SOURCE_FILE)
    feeds = {}
    for path in sorted(folder.glob("*.yml")):
        if path.name != SOURCE_FILE:
            feeds[path.stem] = _load_feed(path)
    if not feeds:
        raise UserError(f"{folder} holds no feed file: add one, see docs/architecture.md.")
    source_set: SourceSet = _validated(SourceSet, folder / SOURCE_FILE, {**head, "feeds": {}})
    root = (
        str(settings.source_root)
        if settings.source_root
        else _resolved_root(source_set.root, folder, settings)
    )
    return source_set.model_copy(update={"root": root, "feeds": feeds})


def _resolved_root(root: str, folder: Path, settings: Settings) -> str:
    text = root.replace("{home}", str(settings.home))
    return text if "://" in text or Path(text).is_absolute() else str((folder / text).resolve())


def _load_feed(path: Path) -> Feed:
    feed: Feed = _validated(Feed, path, _read(path))
    known = contracts()
    if feed.feed != path.stem:
        raise UserError(
            f"{path}: feed: is {feed.feed}, but the file is named {path.name}. Make them the same."
        )
    if feed.feed not in known:
        raise UserError(f"{path}: feed: {feed.feed} has no contract. Contracts are: {', '.join(known)}.")
    contract = known[feed.feed]
    for name in feed.columns:
        if name not in contract.columns:
            near = difflib.get_close_matches(name, contract.columns, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UserError(
                f"{path}: columns.{name}: not in the contract.{hint} Allowed are: {', '.join(contract.columns)}."
            )
    missing = [name for name in contract.required if name not in feed.columns]
    missing = [name for name in missing if contract.columns[name].type != "currency"]
    if missing:
        raise UserError(f"{path}: columns: the contract requires {', '.join(missing)}. Map each of them.")
    return feed


def _read(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}:{where} is not valid YAML: {getattr(error, 'problem', error)}.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: must be a mapping of keys to values.")
    return value


def _validated(model: type[Any], path: Path, value: dict[str, Any]) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UserError("\n".join(_explain(path, model, detail) for detail in error.errors()[:5])) from None


def _explain(path: Path, model: type[BaseModel], detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
    if detail["type"] == "extra_forbidden":
        allowed = _allowed_keys(model, detail["loc"][:-1])
        near = difflib.get_close_matches(str(detail["loc"][-1]), allowed, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f"{path}: {key}: unknown key.{hint} Allowed are: {', '.join(allowed)}."
    if detail["type"] == "literal_error":
        return f"{path}: {key}: {detail['input']!r} is not allowed. Allowed are: {detail['ctx']['expected']}."
    return f"{path}: {key}: {detail['msg'].removeprefix('Value error, ')}."


def _allowed_keys(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    owner: type[BaseModel] = model
    for part in location:
        if str(part) == "files":
            owner = FilesSpec
        elif str(part) == "columns":
            owner = ColumnMap
    return [field.alias or name for name, field in owner.model_fields.items() if name != "feeds"]


def iso_date(text: str) -> date:
    """The date that ``YYYY-MM-DD`` says. Raises ``UserError``."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r} is not a date. Write it as YYYY-MM-DD, for example 2026-11-21.") from None
