"""Excel workbooks (.xlsx): a sheet with its column names in the first row."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import repeat
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
from huitou.sources.readers.text import CHUNK_BYTES, UNPACKED_FREELY, too_much

BATCH_ROWS = 5_000
MOST_BAD_ROWS = 100_000
# Excel's own limit; a damaged part may count much further.
MOST_ROWS = 1 << 20
# From here on Excel has rounded a number to the fifteen digits that it keeps.
ROUNDED = 1e15
_FORMULA = re.compile(rb"<(\w{1,16}:)?f[ />]")

Row = tuple[int, list[str | None], dict[int, str]]


def read_excel(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of one sheet; a row's line is its number there.

    A formula gives the value that was saved with it; where none was, and where Excel has rounded a number, the row is
    set aside.
    """
    _refuse_bomb(path, spec)
    try:
        with ExitStack() as books:
            sheet = _opened(books, path, spec, data_only=True)
            formulas = _opened(books, path, spec, data_only=False) if _has_formulas(path) else None
            yield from _read(path, _numbered(path, sheet, formulas), columns)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        # What a damaged part makes the library raise names no part of the file.
        raise unfit(path, f"a part of the workbook is damaged ({type(error).__name__})") from None


def _opened(books: ExitStack, path: Path, spec: FilesSpec, data_only: bool) -> Any:
    with warnings.catch_warnings():
        # Of styles and extensions, which are not read.
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(path, read_only=True, data_only=data_only, keep_links=False)
    return _sheet(path, books.enter_context(closing(book)), spec)


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as part:
                rest = b""
                while data := part.read(CHUNK_BYTES):
                    if _FORMULA.search(rest + data):
                        return True
                    rest = data[-32:]
    return False


def _refuse_bomb(path: Path, spec: FilesSpec) -> None:
    if path.stat().st_size == 0:
        raise cut(path, "it is empty")
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


def _read(path: Path, numbered: Iterator[Row], columns: list[str]) -> Iterator[TextBatch]:
    _, header, _ = next(numbered, (1, [], {}))
    names = _header(path, header)
    require(path, names, columns)
    places = [names.index(name) for name in columns]
    rows = _Batch(columns, tuple(name for name in names if name))
    total_bad = 0
    for line, cells, faults in numbered:
        reason = f"not_a_row:{len(cells)} values for {len(names)} columns" if any(cells[len(names) :]) else ""
        reason = reason or next((f"{faults[at]}:{names[at]}" for at in places if at in faults), "")
        if reason:
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


def _numbered(path: Path, sheet: Any, formulas: Any) -> Iterator[Row]:
    """(row number, the text of its cells, what is wrong with which of them) of every row that is not blank."""
    twins = formulas.iter_rows() if formulas is not None else repeat(())
    for number, (row, twin) in enumerate(zip(_quietly(sheet.iter_rows()), twins, strict=False), start=1):
        if number > MOST_ROWS:
            raise unfit(path, f"a sheet has no more than {MOST_ROWS:,} rows")
        cells = [_text(cell) for cell in row]
        faults = {at: "not_exact" for at, cell in enumerate(row) if _is_rounded(cell.value)}
        faults |= {at: "not_computed" for at, cell in enumerate(twin) if _is_open(row[at], cell)}
        if any(cells) or faults:
            yield number, cells, faults


def _quietly(rows: Iterator[Any]) -> Iterator[Any]:
    """``rows`` without the library's warnings of dates beyond the calendar: their rows speak for themselves."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            row = next(rows, None)
        if row is None:
            return
        yield row


def _is_rounded(value: object) -> bool:
    return isinstance(value, float) and abs(value) >= ROUNDED


def _is_open(cell: Any, formula: Any) -> bool:
    """A formula that nobody has worked out; one whose value is an empty text has been."""
    return formula.data_type == "f" and cell.value is None and cell.data_type != "str"


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
    if isinstance(value, float) and value.is_integer() and abs(value) < ROUNDED:
        return str(int(value))
    return str(value)
