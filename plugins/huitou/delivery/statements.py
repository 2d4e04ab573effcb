"""The SQL files of this room, by their stem."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import LiteralString


@cache
def statement(name: str) -> LiteralString:
    """The text of ``name.sql``, which the package ships; values are bound by name."""
    return (resources.files("huitou.delivery") / f"{name}.sql").read_text(encoding="utf-8")
