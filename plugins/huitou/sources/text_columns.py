"""Rows of a database as columns of text: every digit, every fraction of a second, NULL apart from the empty text."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

# A row must fit into a block.
BLOCK_BYTES = 4 << 20


def text_batches(names: Sequence[str], parts: Iterable[Sequence[Sequence[Any]]]) -> Iterator[pa.RecordBatch]:
    """Batches of rows, as a driver gives them, in text."""
    schema = text_schema(names)
    for rows in parts:
        columns = [pa.array(map(_text, values), pa.string()) for values in zip(*rows, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def csv_batches(names: Sequence[str], chunks: Iterable[bytes]) -> Iterator[pa.RecordBatch]:
    """The output of COPY in CSV format without a header: what is empty is NULL, what is empty in quotes is text."""
    stream = _Chunks(iter(chunks))
    if stream.is_empty:
        return
    yield from pa_csv.open_csv(
        stream,
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=list(names)),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def text_schema(names: Sequence[str]) -> pa.Schema:
    """Columns of these names, all text."""
    return pa.schema([(name, pa.string()) for name in names])


class _Chunks(io.RawIOBase):
    """A stream over pieces; every read but the last is full, so that the blocks do not hang on the network."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._held = bytearray(next(chunks, b""))
        self.is_empty = not self._held

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        held = self._held
        while size < 0 or len(held) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            held += chunk
        taken = bytes(held if size < 0 else held[:size])
        del held[: len(taken)]
        return taken


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_text)


_TEXT: dict[type, Callable[[Any], str]] = {
    str: lambda value: value,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    Decimal: lambda value: format(value, "f"),
    datetime: lambda value: value.isoformat(" "),
    date: date.isoformat,
    time: time.isoformat,
    bytes: lambda value: "\\x" + value.hex(),
    memoryview: lambda value: "\\x" + value.hex(),
    dict: _json,
    list: _json,
}


def _text(value: Any) -> str | None:
    return None if value is None else _TEXT.get(type(value), str)(value)
