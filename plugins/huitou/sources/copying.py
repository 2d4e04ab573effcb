"""Rows into a table by COPY."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack
from types import TracebackType

import pgpq
import psycopg
import pyarrow as pa
from psycopg import sql


class Stream:
    """Arrow batches into one table by binary COPY; it opens with the first batch, and again after ``close``."""

    def __init__(self, connection: psycopg.Connection, table: str, schema: pa.Schema) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, schema.names))
        self._statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(table), names)
        self._connection, self._schema = connection, schema
        self._stack = ExitStack()
        self._copy: psycopg.Copy | None = None

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        self._stack.__exit__(kind, error, trace)

    def write(self, record: pa.RecordBatch) -> None:
        if self._copy is None:
            self._encoder = pgpq.ArrowToPostgresBinaryEncoder(self._schema)
            self._copy = self._stack.enter_context(self._connection.cursor().copy(self._statement))
            self._copy.write(self._encoder.write_header())
        self._copy.write(self._encoder.write_batch(record))

    def close(self) -> None:
        if self._copy is not None:
            self._copy.write(self._encoder.finish())
            self._copy = None
            self._stack.close()


def copy_rows(connection: psycopg.Connection, table: str, rows: Collection[tuple[object, ...]]) -> None:
    """A few rows as text."""
    if rows:
        with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(table))) as copy:
            for row in rows:
                copy.write_row(row)
