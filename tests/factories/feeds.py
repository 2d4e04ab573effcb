"""A source set on disk: feed files and the files that they read, made for one test."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from huitou.settings import Settings

ORDERS = ("order_id", "customer_id", "ordered_at", "status", "currency", "discount", "updated_at")


class SourceFactory:
    """Writes a set of feeds under ``folder`` and gives the settings that read it."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder / "set"
        self.drops = folder / "drops"
        self.folder.mkdir(parents=True)
        self.drops.mkdir()
        self.settings = settings.model_copy(update={"sources": self.folder})
        self.source()

    def source(self, **changes: Any) -> None:
        head = {
            "name": "shop",
            "root": str(self.drops),
            "time_zone": "Asia/Shanghai",
            "base_currency": "CNY",
            "country": "CN",
        }
        (self.folder / "_source.yml").write_text(yaml.safe_dump(head | changes), encoding="utf-8")

    def feed(self, name: str, columns: dict[str, Any] | tuple[str, ...], **changes: Any) -> None:
        """A feed file; a tuple of names maps each column to itself. ``files`` is merged into the default."""
        mapped = columns if isinstance(columns, dict) else {column: {"from": column} for column in columns}
        files = {"path": f"{{business_date}}/{name}.csv", "format": "csv"} | changes.pop("files", {})
        body = {
            "feed": name,
            "describes": "A feed of a test.",
            "owner": "data",
            "connector": "files",
            "files": files,
            "columns": mapped,
        }
        text = yaml.safe_dump(body | changes, allow_unicode=True)
        (self.folder / f"{name}.yml").write_text(text, encoding="utf-8")

    def drop(self, day: date, name: str, content: str | bytes) -> Path:
        """Put a file into the day's folder; a name that ends in .gz is compressed."""
        path = self.drops / day.isoformat() / name
        path.parent.mkdir(exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path


def orders_csv(*rows: dict[str, str]) -> str:
    """A CSV of orders: each row is a good order but for what is given."""
    lines = [",".join(ORDERS)]
    for number, row in enumerate(rows, start=1):
        good = {
            "order_id": f"o{number}",
            "customer_id": f"u{number}",
            "ordered_at": "2026-11-20 10:00:00",
            "status": "paid",
            "currency": "CNY",
            "discount": "0",
            "updated_at": "2026-11-20 10:00:00",
        } | row
        lines.append(",".join(good[name] for name in ORDERS))
    return "\n".join(lines) + "\n"
