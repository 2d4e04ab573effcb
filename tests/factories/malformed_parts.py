"""What malformed files are made of: a case, good orders, and the formats that they are written in."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from factories.feeds import ORDERS

Row = dict[str, Any]


@dataclass
class Case:
    """A file, how its feed file reads it, and what must become of it.

    ``rows`` says how many rows a file that loads has in it (None: who knows); ``loaded`` how many of them must load;
    ``refused`` whether it must be refused (None: either way is right).
    """

    content: bytes = field(repr=False)
    spec: dict[str, Any] = field(default_factory=dict)
    suffix: str = "csv"
    rows: int | None = None
    loaded: int | None = None
    refused: bool | None = None
    grows: bool = False
    control: dict[str, Any] | None = None


def orders(random: Random, seed: int, count: int | None = None) -> list[Row]:
    """Good orders whose ids no other seed has."""
    return [
        {
            "order_id": f"s{seed}-{number}",
            "customer_id": random.choice(["u1", "张三", "u,2", 'u"3', "u 4"]),
            "ordered_at": "2026-11-20 10:00:00",
            "status": random.choice(["paid", "shipped"]),
            "currency": "CNY",
            "discount": random.choice(["0", "1.50", "12"]),
            "updated_at": "2026-11-20 10:00:00",
        }
        for number in range(count if count is not None else random.randint(3, 30))
    ]


def quoted(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n\r') else text


def csv_of(rows: list[Row], header: tuple[str, ...] = ORDERS, end: str = "\n", mark: str = ",") -> str:
    lines = [mark.join(header)] + [mark.join(quoted(row[name]) for name in ORDERS) for row in rows]
    return "".join(line + end for line in lines)


def jsonl_of(rows: list[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def document_of(rows: list[Row]) -> str:
    return json.dumps({"page": 1, "data": {"orders": rows}, "next": None}, ensure_ascii=False)


def parquet_of(rows: list[Row]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), target)
    return target.getvalue()


def excel_of(rows: list[Row]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    book.active.append(list(ORDERS))
    for row in rows:
        book.active.append([row[name] for name in ORDERS])
    book.save(target)
    return target.getvalue()


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed
