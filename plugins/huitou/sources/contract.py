"""Contracts of the feeds: what a record is, whoever sends it.

A contract is a YAML file in ``contracts/``; its stem is the feed's name. The raw table, the typed cast, the
personal columns and the limits of a value all come from it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

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
    "name",
]
CONTACT_TYPES = ("phone", "email", "name")

SQL_TYPES: dict[str, str] = {
    "integer": "bigint",
    "number": "numeric",
    "money": "numeric(18,4)",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}


class Column(BaseModel):
    """One column of a contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ColumnType
    required: bool = False
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    describes: str = ""

    @property
    def sql_type(self) -> str:
        """The PostgreSQL type of the raw column; contact points are stored as their keyed hash."""
        return SQL_TYPES.get(self.type, "text")

    @property
    def is_contact(self) -> bool:
        return self.type in CONTACT_TYPES


class Contract(BaseModel):
    """What one feed's records are: columns, key, version and the schema that keeps them.

    ``version`` names the column that tells which of two records of one key is newer (where it is empty, the business
    date does). A feed without one sends records that never change.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feed: str
    describes: str
    key: tuple[str, ...]
    version: str | None = None
    room: Literal["raw", "vault"] = "raw"
    columns: dict[str, Column]

    @property
    def required(self) -> list[str]:
        return [name for name, column in self.columns.items() if column.required]


def column_types() -> tuple[str, ...]:
    """Every type that a contract's column may have."""
    return get_args(ColumnType)


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by feed name, in alphabetical order."""
    folder = resources.files("huitou.sources") / "contracts"
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".yml"):
            feed = entry.name.removesuffix(".yml")
            text = entry.read_text(encoding="utf-8")
            found[feed] = Contract.model_validate({"feed": feed, **yaml.safe_load(text)})
    return found
