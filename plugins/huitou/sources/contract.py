"""Contracts of the feeds: what a record is, whoever sends it.

A contract is a YAML file in ``contracts/``; its stem is the feed's name. The raw table, the typed cast, the
personal columns and the limits of a value all come from it. Every mistake in one is a ``UserError`` that names the
file, the key and what is allowed.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import model_validator

from huitou.errors import UserError
from huitou.sources.scales import Scale, Scales, read_scales
from huitou.yaml_files import Strict, did_you_mean, read_yaml, validated

ColumnType = Literal[
    "text",
    "free_text",
    "integer",
    "number",
    "money",
    "currency",
    "boolean",
    "date",
    "timestamp",
    "month_day",
    "phone",
    "email",
    "wechat",
    "name",
]
CONTACT_TYPES = ("phone", "email", "wechat", "name")

SQL_TYPES: dict[str, str] = {
    "integer": "bigint",
    "number": "numeric",
    "money": "numeric(18,4)",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}


NUMBERS = ("integer", "number", "money")
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class Column(Strict):
    """One column of a contract. ``codes`` are numbers outside its limits that stand for no value, such as a blank."""

    type: ColumnType
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    codes: tuple[int, ...] = ()
    describes: str = ""

    @model_validator(mode="after")
    def _limits_fit_the_type(self) -> Column:
        if self.type not in NUMBERS and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"minimum and maximum are for {', '.join(NUMBERS)}, not for {self.type}")
        if self.type != "integer" and self.codes:
            raise ValueError(f"codes is for integer, not for {self.type}")
        if self.type != "text" and self.allowed:
            raise ValueError(f"allowed is for text, not for {self.type}")
        return self

    @property
    def sql_type(self) -> str:
        """The PostgreSQL type of the raw column; contact points are stored as their keyed hash."""
        return SQL_TYPES.get(self.type, "text")

    @property
    def is_contact(self) -> bool:
        return self.type in CONTACT_TYPES


class Contract(Strict):
    """What one feed's records are: columns, key, version and the schema that keeps them.

    ``scales`` says which seeds know what a column may hold, and ``scale_rows`` is what they say; the file gives the
    first alone. ``version`` names the column that tells which of two records of one key is newer (where it is empty, the business
    date does). A feed without one sends records that never change.
    """

    feed: str
    describes: str
    key: tuple[str, ...]
    version: str | None = None
    room: Literal["raw", "vault"] = "raw"
    columns: dict[str, Column]
    scales: Scales | None = None
    scale_rows: tuple[Scale, ...] = ()

    def is_words(self, name: str) -> bool:
        """Whether the column holds words that come as they please: neither an id or a code nor one of a list."""
        column = self.columns[name]
        codes = name in self.key or name.endswith(("_id", "code"))
        return column.type == "text" and not column.allowed and not codes

    def has_scale(self, name: str) -> bool:
        """Whether seeds say what the column may hold."""
        return self.scales is not None and self.scales.column == name

    @property
    def required(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.required]


def column_types() -> tuple[str, ...]:
    """Every type that a contract's column may have."""
    return get_args(ColumnType)


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by feed name, in alphabetical order."""
    return {path.stem: load_contract(path) for path in sorted((Path(__file__).parent / "contracts").glob("*.yml"))}


def load_contract(path: Path) -> Contract:
    """The contract that the file holds; the file's name is the feed's. Raises ``UserError``."""
    value = read_yaml(path)
    for key, origin in (("feed", "the file's name says it"), ("scale_rows", "the seeds of scales: say it")):
        if key in value:
            raise UserError(f"{path}: {key}: {origin}. Take the key out.")
    contract = validated(Contract, path, {"feed": path.stem, **value})
    if contract.scales:
        _check_scales(path, contract, contract.scales)
        contract = contract.model_copy(update={"scale_rows": read_scales(contract.scales)})
    for name in (contract.feed, *contract.columns):
        if not _NAME.match(name):
            place = "feed" if name == contract.feed else f"columns.{name}"
            raise UserError(
                f"{path}: {place}: give a name of lower-case letters, digits and _ that begins with a letter."
            )
    _check_key(path, contract)
    return contract


def _check_key(path: Path, contract: Contract) -> None:
    columns = contract.columns
    named = [("key", name) for name in contract.key] + [("version", name) for name in [contract.version] if name]
    for place, name in named:
        if name not in columns:
            raise UserError(f"{path}: {place}: {name} is not a column.{did_you_mean(name, list(columns))}")
        if place == "key" and not columns[name].required:
            raise UserError(f"{path}: key: {name} must be required: a key is never empty.")
        if place == "version" and columns[name].type != "timestamp":
            raise UserError(f"{path}: version: {name} is {columns[name].type}, but a version is a timestamp.")
    if not contract.key:
        raise UserError(f"{path}: key: name at least one column.")


def _check_scales(path: Path, contract: Contract, scales: Scales) -> None:
    for name in (scales.column, *(name for seed in scales.seeds for name in seed.by)):
        if name not in contract.columns:
            hint = did_you_mean(name, list(contract.columns))
            raise UserError(f"{path}: scales: {name} is not a column.{hint}")
    if contract.columns[scales.column].type != "integer":
        raise UserError(f"{path}: scales.column: {scales.column} is not an integer, and scales are of integers.")
