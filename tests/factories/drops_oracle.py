"""What files say of themselves: rows and money added up from their bytes by the standard library alone.

Reads the feeds' mapping as data, and shares no code with the readers, the cast or the sums.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from huitou.settings import PROJECT_ROOT

CONTRACTS = PROJECT_ROOT / "plugins" / "huitou" / "sources" / "contracts"
NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)$")
# ISO 4217's code for where no currency is involved.
NO_CURRENCY = "XXX"
Figures = Counter[tuple[str, str, str, str]]


def records(path: Path, form: str) -> Iterator[dict[str, Any]]:
    """The records of a file as the source's own columns."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = _decoded(data)
    if form == "jsonl":
        yield from (json.loads(line, parse_float=str, parse_int=str) for line in text.split("\n") if line)
    else:
        yield from csv.DictReader(io.StringIO(text, newline=""))


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def readable_feeds(feeds: Path) -> dict[str, dict[str, Any]]:
    """The feed files whose records the standard library can read: CSV and JSON Lines, a record a row."""
    specs = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(feeds.glob("*.yml"))}
    return {
        name: spec
        for name, spec in specs.items()
        if not name.startswith("_")
        and spec["files"]["format"] in ("csv", "jsonl")
        and "explode" not in spec["files"]
        and not spec["files"]["path"].endswith(".zst")
    }


def sent_figures(feeds: Path, drops: Path, base_currency: str) -> Figures:
    """By (feed, night, currency, measure): rows and contract money of every file of ``readable_feeds``.

    A currency that is no ISO code counts as none, money that is no number as nothing.
    """
    figures: Figures = Counter()
    for feed, spec in readable_feeds(feeds).items():
        path = feeds / f"{feed}.yml"
        columns = yaml.safe_load((CONTRACTS / path.name).read_text(encoding="utf-8"))["columns"]
        for night in sorted(drops.iterdir()):
            file = drops / spec["files"]["path"].replace("{business_date}", night.name)
            for record in records(file, spec["files"]["format"]) if file.exists() else ():
                code = _currency(columns, spec["columns"], record, base_currency)
                figures[path.stem, night.name, code, "rows"] += 1
                for name, column in columns.items():
                    if column["type"] == "money" and name in spec["columns"]:
                        figures[path.stem, night.name, code, name] += _money(spec["columns"][name], record)
    return Counter({key: value for key, value in figures.items() if value})


def _currency(columns: dict[str, Any], mapping: dict[str, Any], record: dict[str, Any], base_currency: str) -> str:
    name = next((name for name, column in columns.items() if column["type"] == "currency"), None)
    if name is None:
        return NO_CURRENCY
    how = mapping.get(name, {"const": base_currency})
    text = how.get("const") or (record[how["from"]] or "").strip()
    return text.upper() if re.fullmatch(r"[A-Za-z]{3}", text) else NO_CURRENCY


def _money(how: dict[str, Any], record: dict[str, Any]) -> Decimal:
    text = (record[how["from"]] or "").strip() if "from" in how else how["const"]
    return Decimal(text) / how.get("divide", 1) if NUMBER.match(text) else Decimal(0)
