"""The record of every step of a night: what ran, for which business date, how long, how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import psycopg

from huitou.errors import HuitouError


@contextmanager
def step(connection: psycopg.Connection, business_date: date, name: str) -> Iterator[dict[str, Any]]:
    """Time a step and record how it ended. The body fills the yielded dict with counts, never with rows."""
    detail: dict[str, Any] = {}
    began = time.monotonic()
    try:
        yield detail
    except Exception as error:
        # Only our own errors promise to carry no personal data; of others the kind alone is kept.
        detail["error"] = str(error) if isinstance(error, HuitouError) else type(error).__name__
        if not connection.broken:
            _record(connection, business_date, name, "failed", time.monotonic() - began, detail)
        raise
    _record(connection, business_date, name, "done", time.monotonic() - began, detail)


def _record(
    connection: psycopg.Connection,
    business_date: date,
    name: str,
    outcome: str,
    seconds: float,
    detail: dict[str, Any],
) -> None:
    connection.execute(
        "insert into ops.steps (business_date, step, outcome, seconds, detail) values (%s, %s, %s, %s, %s)",
        (business_date, name, outcome, seconds, json.dumps(detail, ensure_ascii=False, default=str)),
    )
