"""CSV: parsed in columns; each row keeps the line it began on, and a row of another width is set aside."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from huitou.errors import UserError
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import BadRow, TextBatch, as_text
from huitou.sources.readers.refusal import cut, name_of, require, unfit
from huitou.sources.readers.text import Utf8Stream, open_text

# A row must fit into one block. The larger one is only for files whose rows need it.
# pyarrow reads up to 32 blocks ahead, so a block's size is what memory hangs on.
BLOCKS = (2 << 20, 12 << 20)
HEADER_BYTES = 1 << 20
MOST_BAD_ROWS = 100_000
MOST_NOT_TEXT = 0.1


def read_csv(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of a CSV. Raises ``UserError`` for a file that is cut or not what its feed file says."""
    last = 0
    for block in BLOCKS:
        try:
            for batch in _read(path, spec, columns, block):
                yield batch.after(last) if block != BLOCKS[0] else batch
                last = max(last, batch.last_line)
            return
        except pa.ArrowInvalid as error:
            if "straddl" not in str(error):
                raise
    raise cut(path, f"a quoted value is never closed, or a row is longer than {BLOCKS[-1] >> 20} MiB")


def _read(path: Path, spec: FilesSpec, columns: list[str], block: int) -> Iterator[TextBatch]:
    rejected: deque[Any] = deque()
    with open_text(path, spec) as text:
        names = _header(path, text, spec)
        require(path, names, columns)
        rows = _Rows(path, text, spec, columns, tuple(names))
        for record in _open(text, spec, names, block, rejected):
            yield rows.take(record, rejected)
        # The rejected rows after the last good one; a file with neither still has its columns to tell.
        yield rows.take(None, rejected)
        rows.refuse_if_cut()


def _open(text: Utf8Stream, spec: FilesSpec, names: list[str], block: int, rejected: deque[Any]) -> Iterator[Any]:
    def keep(row: Any) -> str:
        rejected.append(row)
        return "skip"

    reader: Iterator[Any] = pa_csv.open_csv(
        text,
        read_options=pa_csv.ReadOptions(
            use_threads=False, block_size=block, column_names=names, skip_rows_after_names=1
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=spec.delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
        ),
        # As bytes: one that is not text must cost its row, not the file.
        convert_options=pa_csv.ConvertOptions(
            column_types={name: pa.binary() for name in names}, strings_can_be_null=False
        ),
    )
    return reader


def _header(path: Path, text: Utf8Stream, spec: FilesSpec) -> list[str]:
    head = text.head(HEADER_BYTES).decode("utf-8", "replace")
    names = [name.strip() for name in next(csv.reader(io.StringIO(head, newline=""), delimiter=spec.delimiter), [])]
    if not any(names):
        raise cut(path, "it has no header line")
    if not set(head) & {"\n", "\r"}:
        raise cut(path, "its header line has no end")
    header = "".join(names)
    if "\x00" in header:
        raise unfit(path, "line 1 holds NUL bytes; if it is UTF-16, say files.encoding")
    if "\ufffd" in header:
        raise unfit(path, f"line 1 is not {text.encoding}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{name_of(path)}: line 1 names column {twice[0]!r} twice. Give each column its own name.")
    return names


class _Rows:
    """Gives each record of a file its line, whole rows and rejected ones in their true order."""

    def __init__(
        self, path: Path, text: Utf8Stream, spec: FilesSpec, columns: list[str], names: tuple[str, ...]
    ) -> None:
        self._path, self._text, self._spec, self._columns, self._names = path, text, spec, columns, names
        self._record = 2  # the header is record 1
        self._line = 2
        self._bad = 0
        self._tail = b""  # the end of the last row's last value

    def take(self, record: pa.RecordBatch | None, rejected: deque[Any]) -> TextBatch:
        count = record.num_rows if record is not None else 0
        breaks = self._breaks(record) if record is not None else np.zeros(0, dtype=np.int64)
        lines = np.zeros(count, dtype=np.int64)
        bad: list[BadRow] = []
        done = 0
        while rejected and (rejected[0].number - self._record <= count - done or record is None):
            row = rejected.popleft()
            done = self._advance(lines, breaks, done, row.number - self._record)
            bad.append(self._bad_row(row))
            self._line += 1 + row.text.count("\n")
            self._record += 1
        if record is not None and count > done:
            self._tail = record.column(self._names[-1])[-1].as_py()
        self._advance(lines, breaks, done, count - done)
        batch = self._batch(record, lines, bad)
        self._bad += len(batch.bad)
        if self._bad > MOST_BAD_ROWS:
            raise unfit(self._path, f"more than {MOST_BAD_ROWS:,} of its lines are not rows of its header")
        return batch

    def refuse_if_cut(self) -> None:
        """Raise ``UserError`` where the file ends within a row, as far as its last bytes can tell."""
        if self._spec.final_newline and self._text.last not in (b"\n", b"\r"):
            raise cut(
                self._path, "its last line has no end (if the source writes it so, set files.final_newline: false)"
            )
        if self._text.quotes % 2 and self._tail.endswith((b"\n", b"\r")):
            raise cut(self._path, "a quoted value is never closed")

    def _bad_row(self, row: Any) -> BadRow:
        # A row with an open quote took all that follows it.
        self._tail = b"\n" if row.text.count('"') % 2 else b""
        reason = f"not_a_row:{row.actual_columns} values for {row.expected_columns} columns"
        return BadRow(self._line, reason, row.text)

    def _advance(self, lines: np.ndarray, breaks: np.ndarray, start: int, count: int) -> int:
        stop = start + count
        steps = breaks[start:stop] + 1
        ends = self._line + np.cumsum(steps)
        lines[start:stop] = ends - steps
        if count:
            self._line = int(ends[-1])
            self._record += count
        return stop

    def _breaks(self, record: pa.RecordBatch) -> np.ndarray:
        total = np.zeros(record.num_rows, dtype=np.int64)
        if self._text.quotes:  # only a quoted value can break its line
            for column in record.columns:
                total += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
        return total

    def _batch(self, record: pa.RecordBatch | None, lines: np.ndarray, bad: list[BadRow]) -> TextBatch:
        columns: dict[str, pa.Array] = {}
        wrong: dict[int, str] = {}
        for name in self._columns:
            values = record.column(name) if record is not None else pa.array([], pa.binary())
            columns[name], where = as_text(values)
            wrong |= {int(at): name for at in where}
        records = len(lines) + len(bad)
        if wrong and record is not None:
            if len(wrong) > MOST_NOT_TEXT * len(lines):
                raise unfit(self._path, f"its bytes are not {self._text.encoding}")
            keep = np.ones(len(lines), dtype=bool)
            keep[list(wrong)] = False
            bad = bad + [self._not_text(record, at, int(lines[at]), name) for at, name in wrong.items()]
            bad.sort(key=lambda row: row.line)
            columns = {name: values.filter(pa.array(keep)) for name, values in columns.items()}
            lines = lines[keep]
        return TextBatch(columns, lines, bad, self._names, self._text.encoding, records)

    def _not_text(self, record: pa.RecordBatch, at: int, line: int, name: str) -> BadRow:
        values = [column[at].as_py().decode("utf-8", "backslashreplace") for column in record.columns]
        return BadRow(line, f"not_text:{name}", self._spec.delimiter.join(values))
