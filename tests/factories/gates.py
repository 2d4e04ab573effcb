"""Rows for the gates: raw rows with their manifest, and candidate marts shaped as dbt declares them."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import yaml
from psycopg import sql

from factories.feeds import ORDERS, SourceFactory
from huitou.errors import DataQualityError
from huitou.quality.gate import check
from huitou.quality.suites import FOLDER, Gate, load_suites
from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.contract import contracts

NIGHT = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
REQUIRED: dict[str, dict[str, Any]] = {
    "orders": {"customer_id": "c1", "ordered_at": NOON, "status": "paid", "currency": "CNY"},
    "order_lines": {"line_no": 1, "product_id": "p1", "quantity": 1, "unit_price": 10},
    "payments": {"payment_no": 1, "method": "card", "amount": 10, "currency": "CNY"},
    "refunds": {"refunded_at": NOON, "amount": 1, "currency": "CNY"},
    "reviews": {"score": 5, "created_at": NOON},
    "survey_responses": {
        "customer_id": "c1",
        "metric": "nps",
        "dimension": "overall",
        "score": 9,
        "answered_at": NOON,
    },
    "customers": {"phone": "0" * 64, "email": "1" * 64, "name": "2" * 64},
    "exchange_rates": {"currency": "USD", "rate_date": NIGHT, "rate": 7},
    "products": {"name": "cup", "category": "kitchen"},
    "consent_events": {
        "customer_id": "c1",
        "channel": "sms",
        "purpose": "marketing",
        "action": "opt_in",
        "occurred_at": NOON,
    },
}
Row = dict[str, Any]
Failures = dict[str, list[tuple[str, ...]]]


class GateFactory:
    """Puts rows before a gate and tells which rules they failed."""

    def __init__(self, folder: Path, settings: Settings, connection: psycopg.Connection) -> None:
        sources = SourceFactory(folder / "sources", settings)
        sources.feed("orders", ORDERS)
        self.settings = sources.settings
        self.connection = connection
        self.suites = folder / "suites"
        self.suites.mkdir()

    def file(self, feed: str, night: date = NIGHT, loaded: int = 0, quarantined: int = 0) -> int:
        """A line of the manifest; its id."""
        found = self.connection.execute(
            "insert into landing.files (source, feed, business_date, night, name, sha256, bytes, stamp,"
            " mapping_sha256, landed_as, rows_seen, loaded, duplicate, quarantined, ahead)"
            " values ('shop', %s, %s, %s, 'f', %s, 1, '', '', '', %s, %s, 0, %s, 0) returning file_id",
            (feed, night, night, uuid4().hex, loaded + quarantined, loaded, quarantined),
        ).fetchone()
        assert found
        return int(found[0])

    def quarantined(self, file_id: int, feed: str, *closed_how: str | None) -> None:
        """Rows of a file in quarantine, each closed so, or open where it is None."""
        states = {None: "open", "dismissed": "dismissed"}
        for line, how in enumerate(closed_how, start=2):
            self.connection.execute(
                "insert into quarantine.rows (source, feed, business_date, file_id, line, reasons, row, state,"
                " closed_how, closed_on) values ('shop', %s, %s, %s, %s, '{not_a_number:x}', '{}', %s, %s, %s)",
                (feed, NIGHT, file_id, line, states.get(how, "released"), how, how and NIGHT),
            )

    def raw(self, feed: str, *rows: Row, night: date = NIGHT) -> int:
        """Rows that came in one file of the night; required columns have good values unless given."""
        file_id = self.file(feed, night, len(rows))
        version = datetime.combine(night, datetime.min.time(), UTC)
        for line, row in enumerate(rows, start=2):
            provenance = {
                "_source": "shop",
                "_version": version,
                "_business_date": night,
                "_file_id": file_id,
                "_line": line,
            }
            self._insert(contracts()[feed].room, feed, REQUIRED.get(feed, {}) | provenance | row)
        return file_id

    def mart(self, name: str, *rows: Row) -> None:
        """A candidate table with the columns of dbt's own declaration, without its constraints."""
        (declared,) = (PROJECT_ROOT / "dbt" / "models").glob(f"*/{name}.yml")
        (model,) = yaml.safe_load(declared.read_text(encoding="utf-8"))["models"]
        columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
        self.connection.execute(f"create table if not exists candidate.{name} ({columns})".encode())
        for row in rows:
            self._insert("candidate", name, row)

    def use(self, *suites: str) -> None:
        """Check against these suites of the project alone."""
        for name in suites:
            shutil.copy(FOLDER / f"{name}.json", self.suites)

    def failures(self, gate: Gate, night: date = NIGHT) -> Failures:
        """Keys of the failing rows by rule, as the gate recorded them."""
        with contextlib.suppress(DataQualityError):
            check(self.settings, gate, night, self.suites)
        columns = {suite.dataset: suite.key for suite in load_suites(gate, self.suites)}
        rows = self.connection.execute(
            "select rule, dataset, keys from ops.gate_results where business_date = %s and gate = %s and not passed",
            (night, gate),
        ).fetchall()
        return {
            rule: sorted(tuple(key[column] for column in columns[dataset]) for key in keys)
            for rule, dataset, keys in rows
        }

    def _insert(self, schema: str, table: str, row: Row) -> None:
        self.connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier(schema, table),
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )


def after(hours: float, start: datetime = NOON) -> datetime:
    """That many hours later."""
    return start + timedelta(hours=hours)
