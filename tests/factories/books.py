"""The books of landing, added up by another road: manifest, sums, raw and quarantine must say the same of every file."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from factories.drops_oracle import NO_CURRENCY
from huitou.sources.contract import contracts

Sums = Counter[tuple[int, str, str, str]]


def assert_books_agree(connection: psycopg.Connection) -> None:
    """Per file: seen = loaded + duplicate + quarantined in the manifest, in the sums and in the tables themselves."""
    cursor = connection.cursor(row_factory=dict_row)
    files = {row["file_id"]: row for row in cursor.execute("select * from landing.files").fetchall()}
    summed: Sums = Counter()
    days: Counter[tuple[str, Any, str, str, str]] = Counter()
    for row in cursor.execute("select * from landing.sums").fetchall():
        assert row["value"] >= 0 or row["measure"] != "rows", row
        if row["value"]:
            summed[row["file_id"], row["verdict"], row["currency"], row["measure"]] += row["value"]
            if row["verdict"] == "loaded":
                feed = files[row["file_id"]]["feed"]
                days[feed, row["day"], row["currency"], row["measure"], "x"] += row["value"]
    for file_id, file in files.items():
        assert file["rows_seen"] == file["loaded"] + file["duplicate"] + file["quarantined"]
        for verdict in ("loaded", "duplicate", "quarantined"):
            rows = sum(v for (f, d, _, m), v in summed.items() if (f, d, m) == (file_id, verdict, "rows"))
            assert rows == file[verdict], (file["name"], verdict, rows)
    held = _held(cursor)
    loaded = {key: value for key, value in summed.items() if key[1] == "loaded"}
    assert {k: v for k, v in held[0].items() if v} == loaded
    assert {k: v for k, v in held[1].items() if v} == {k[:4]: v for k, v in days.items()}
    kept: Counter[int] = Counter()
    for row in cursor.execute("select file_id, closed_how from quarantine.rows").fetchall():
        kept[row["file_id"]] += row["closed_how"] != "recheck"
    assert {i: n for i, n in kept.items() if n} == {i: f["quarantined"] for i, f in files.items() if f["quarantined"]}


def _held(cursor: psycopg.Cursor[dict[str, Any]]) -> tuple[Sums, Counter[Any]]:
    """What raw holds: by (file, verdict, currency, measure) and by (feed, day, currency, measure)."""
    by_file: Sums = Counter()
    by_day: Counter[Any] = Counter()
    for contract in contracts().values():
        money = [name for name, column in contract.columns.items() if column.type == "money"]
        currency = next((name for name, column in contract.columns.items() if column.type == "currency"), None)
        for row in cursor.execute(f"select * from {contract.room}.{contract.feed}".encode()).fetchall():
            code = (row[currency] if currency else None) or NO_CURRENCY
            for measure, value in [("rows", Decimal(1)), *((name, row[name] or Decimal(0)) for name in money)]:
                by_file[row["_file_id"], "loaded", code, measure] += value
                by_day[contract.feed, row["_business_date"], code, measure] += value
    return by_file, by_day
