"""Excel workbooks (.xlsx): a sheet with its column names in the first row."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pyarrow as pa
from openpyxl.styles.numbers import is_datetime

from huitou.errors import UserError
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import BadRow, TextBatch
from huitou.sources.readers.refusal import cut, name_of, require, unfit
from huitou.sources.readers.text import UNPACKED_FREELY, too_much

BATCH_ROWS = 5_000
MOST_BAD_ROWS = 100_000


def read_excel(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of one sheet; a row's line is its number there. A formula gives the value that was saved with it."""
    _refuse_bomb(path, spec)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        with closing(book):
            yield from _read(path, _sheet(path, book, spec), columns)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        # What a damaged part makes the library raise names no part of the file.
        raise unfit(path, f"a part of the workbook is damaged ({type(error).__name__})") from None


def _refuse_bomb(path: Path, spec: FilesSpec) -> None:
    if not zipfile.is_zipfile(path):
        raise unfit(path, "it is no .xlsx workbook, or is cut; one with a password or an old .xls cannot be read")
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > max(UNPACKED_FREELY, path.stat().st_size * spec.unpack_limit):
        raise too_much(path, spec.unpack_limit)


def _sheet(path: Path, book: Any, spec: FilesSpec) -> Any:
    names = book.sheetnames
    wanted = spec.sheet if spec.sheet is not None else 1
    if isinstance(wanted, int) and wanted <= len(names):
        wanted = names[wanted - 1]
    if wanted not in names:
        raise UserError(f"{name_of(path)}: it has no sheet {wanted}. Its sheets are: {', '.join(names)}.")
    sheet = book[wanted]
    if not hasattr(sheet, "reset_dimensions"):
        raise unfit(path, f"sheet {wanted} is a chart")
    # Some writers state a size that is not the sheet's own.
    sheet.reset_dimensions()
    return sheet


def _read(path: Path, sheet: Any, columns: list[str]) -> Iterator[TextBatch]:
    numbered = _numbered(sheet)
    _, header = next(numbered, (1, []))
    names = _header(path, header)
    require(path, names, columns)
    places = [names.index(name) for name in columns]
    rows = _Batch(columns, tuple(name for name in names if name))
    total_bad = 0
    for line, cells in numbered:
        if any(cells[len(names) :]):
            reason = f"not_a_row:{len(cells)} values for {len(names)} columns"
            rows.bad.append(BadRow(line, reason, "\t".join(cell or "" for cell in cells)))
            total_bad += 1
        else:
            rows.lines.append(line)
            rows.values.append([cells[at] if at < len(cells) else None for at in places])
        if total_bad > MOST_BAD_ROWS:
            raise unfit(path, f"more than {MOST_BAD_ROWS:,} of its lines are not rows of its header")
        if len(rows.lines) + len(rows.bad) >= BATCH_ROWS:
            yield rows.made()
            rows = _Batch(columns, rows.names)
    yield rows.made()


class _Batch:
    """Rows on their way into columns."""

    def __init__(self, columns: list[str], names: tuple[str, ...]) -> None:
        self.columns, self.names = columns, names
        self.lines: list[int] = []
        self.values: list[list[str | None]] = []
        self.bad: list[BadRow] = []

    def made(self) -> TextBatch:
        arrays = {name: pa.array([row[at] for row in self.values], pa.string()) for at, name in enumerate(self.columns)}
        count = len(self.lines) + len(self.bad)
        return TextBatch(arrays, np.array(self.lines, dtype=np.int64), self.bad, self.names, records=count)


def _numbered(sheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    """(row number, the text of its cells) of every row that is not blank."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_text(cell) for cell in row]
        if any(cells):
            yield number, cells


def _header(path: Path, cells: list[str | None]) -> list[str]:
    names = [(cell or "").strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise cut(path, "it has no header row")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(f"{name_of(path)}: row 1 names column {twice[0]!r} twice. Give each column its own name.")
    return names


def _text(cell: Any) -> str | None:
    """What the cell says: numbers in full, dates as ISO 8601."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        day_only = is_datetime(cell.number_format) == "date" and value.time() == datetime.time()
        return value.date().isoformat() if day_only else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
