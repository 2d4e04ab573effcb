"""Readers: a landed file becomes batches of text, with the line that each row began on.

Nothing is judged here but the file's own shape. A file that was cut is refused whole (``UserError``); a row that
does not fit the file's columns is handed on as a ``BadRow``; every value stays text.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from huitou.errors import UserError
from huitou.sources.feeds import FilesSpec

BLOCK_BYTES = 4 << 20
JSON_ROWS = 20_000
FIRST_LINE_BYTES = 1 << 20


@dataclass(frozen=True)
class BadRow:
    """A row that has no columns to speak of: where it stands, why, and its text as sent."""

    line: int
    reason: str
    text: str


@dataclass
class TextBatch:
    """Rows as text: ``columns`` maps source column to a string array; ``lines`` is where each row began."""

    columns: dict[str, pa.Array]
    lines: np.ndarray
    bad: list[BadRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)


class Watched(io.RawIOBase):
    """A stream that remembers its last byte and counts its quotes, to tell a cut file from a whole one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.last = b""
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        if data:
            self.last = data[-1:]
            self.quotes += data.count(b'"')
        return data


def read_columns(path: Path, spec: FilesSpec) -> list[str]:
    """The columns that the file itself names; for JSON Lines those of its first record."""
    with _refusing(path):
        if spec.format == "parquet":
            return list(pq.read_schema(path).names)
        with _open(path) as stream:
            if spec.format == "csv":
                return _csv_header(path, stream, spec)
            first = stream.readline(FIRST_LINE_BYTES)
    return [] if not first.strip() else list(_json_record(first) or {})


def read_batches(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of ``path``, the named columns of each. Raises ``UserError`` for a cut or unreadable file."""
    reader = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet}[spec.format]
    with _refusing(path):
        yield from reader(path, spec, columns)


class _refusing:
    """Turn what a damaged file makes the libraries raise into one message."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        name = self._path.name.split("-", 1)[-1]
        if isinstance(error, EOFError | zlib.error | gzip.BadGzipFile):
            raise UserError(f"{name}: the compressed file is cut or damaged: {error}. Send it again whole.") from None
        if isinstance(error, UnicodeDecodeError | pa.ArrowInvalid | LookupError) and not isinstance(error, KeyError):
            raise UserError(
                f"{name}: cannot be read as its feed file says: {str(error).splitlines()[0]}. "
                "Check format, encoding and delimiter, or send the file again."
            ) from None
        if isinstance(error, OSError):
            raise UserError(f"{name}: cannot be read: {error.strerror or error}.") from None


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _cut(path: Path, why: str) -> UserError:
    name = path.name.split("-", 1)[-1]
    return UserError(f"{name}: the file is cut: {why}. Nothing of it was loaded; send it again whole.")


def _csv_header(path: Path, stream: IO[bytes], spec: FilesSpec) -> list[str]:
    text = io.TextIOWrapper(stream, encoding=spec.encoding, newline="")
    names = [name.removeprefix("\ufeff").strip() for name in next(csv.reader(text, delimiter=spec.delimiter), [])]
    if not names:
        raise _cut(path, "it has no header line")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path.name}: line 1 names column {twice[0]!r} twice. Give each column its own name.")
    return names


def _read_csv(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    names = read_columns(path, spec)
    rejected: list[pa_csv.InvalidRow] = []

    def keep(row: Any) -> str:
        rejected.append(row)
        return "skip"

    with _open(path) as stream:
        watched = Watched(stream)
        reader = pa_csv.open_csv(
            watched,
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK_BYTES,
                column_names=names,
                skip_rows_after_names=1,
                encoding=spec.encoding,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=spec.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
        lines = _LineCounter()
        last_value = ""
        for record in reader:
            if record.num_rows:
                last_value = record.column(names[-1])[-1].as_py()
            yield lines.number(record, rejected, columns)
        if rejected:
            yield lines.number(None, rejected, columns)
    _refuse_cut_csv(path, spec, watched, last_value)


def _refuse_cut_csv(path: Path, spec: FilesSpec, watched: Watched, last_value: str) -> None:
    if spec.final_newline and watched.last not in (b"\n", b"\r", b"\x00"):
        raise _cut(path, "its last line has no end (if the source writes it so, set files.final_newline: false)")
    if watched.quotes % 2 and last_value.endswith(("\n", "\r")):
        raise _cut(path, "a quoted value is never closed")


class _LineCounter:
    """Counts lines over records that may hold line breaks, good rows and rejected ones in their true order."""

    def __init__(self) -> None:
        self._record = 2  # the header is record 1
        self._line = 2

    def number(self, record: pa.RecordBatch | None, rejected: list[Any], columns: list[str]) -> TextBatch:
        count = record.num_rows if record is not None else 0
        breaks = _breaks(record) if record is not None else np.zeros(0, dtype=np.int64)
        lines = np.zeros(count, dtype=np.int64)
        bad: list[BadRow] = []
        done = 0
        while rejected and (rejected[0].number - self._record <= count - done or record is None):
            row = rejected.pop(0)
            done = self._advance(lines, breaks, done, row.number - self._record)
            reason = f"not_a_row:{row.actual_columns} values for {row.expected_columns} columns"
            bad.append(BadRow(self._line, reason, row.text))
            self._line += 1 + row.text.count("\n")
            self._record += 1
        self._advance(lines, breaks, done, count - done)
        chosen = {name: record.column(name) for name in columns} if record is not None else {}
        return TextBatch(chosen, lines, bad)

    def _advance(self, lines: np.ndarray, breaks: np.ndarray, start: int, count: int) -> int:
        stop = start + count
        steps = breaks[start:stop] + 1
        ends = self._line + np.cumsum(steps)
        lines[start:stop] = ends - steps
        if count:
            self._line = int(ends[-1])
            self._record += count
        return stop


def _breaks(record: pa.RecordBatch) -> np.ndarray:
    total = np.zeros(record.num_rows, dtype=np.int64)
    for column in record.columns:
        total += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return total


def _read_jsonl(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    with _open(path) as stream:
        text = io.TextIOWrapper(stream, encoding=spec.encoding, newline="\n")
        for number, raw in enumerate(text, start=1):
            record = _json_record(raw)
            if record is None and not raw.endswith("\n"):
                raise _cut(path, "its last record has no end")
            if record is not None:
                rows.append(record)
                lines.append(number)
            elif raw.strip():
                bad.append(BadRow(number, "not_a_row:not a JSON object", raw.rstrip("\n")))
            if len(rows) + len(bad) >= JSON_ROWS:
                yield _json_batch(rows, lines, bad, columns)
                rows, lines, bad = [], [], []
    yield _json_batch(rows, lines, bad, columns)


def _json_record(raw: str | bytes) -> dict[str, Any] | None:
    try:
        # Numbers keep the digits they were sent with: a float would lose cents.
        value = json.loads(raw, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json_batch(rows: list[dict[str, Any]], lines: list[int], bad: list[BadRow], columns: list[str]) -> TextBatch:
    arrays = {name: pa.array([_json_text(row.get(name)) for row in rows], pa.string()) for name in columns}
    return TextBatch(arrays, np.array(lines, dtype=np.int64), bad)


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _read_parquet(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    at = 1
    for record in pq.ParquetFile(path).iter_batches(batch_size=JSON_ROWS, columns=columns):
        arrays = {name: record.column(name).cast(pa.string()) for name in columns}
        yield TextBatch(arrays, np.arange(at, at + record.num_rows, dtype=np.int64))
        at += record.num_rows
