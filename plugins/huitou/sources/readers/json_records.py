"""JSON records: nested values by dotted path, lists exploded into rows, numbers with the digits they came with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import BadRow, TextBatch
from huitou.sources.readers.refusal import unfit

PARENT = "parent"
BATCH_ROWS = 20_000
BATCH_CHARACTERS = 8 << 20
MOST_BAD_ROWS = 100_000
MOST_NOT_TEXT = 0.1
# Objects whose keys are data have a name a record.
MOST_NAMES = 1_000
# Made once: json.loads with these arguments would make it anew for each record.
DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)

Record = dict[str, Any]
Steps = tuple[str, ...]


class Rows:
    """Collects records into batches.

    Where the spec explodes a list, each of its objects is a row whose ``parent`` is the record, and a row's line is
    its number in the file; else it is the line that the caller gives. A record's values are taken out of it at once:
    a batch of whole records would keep Python's garbage collector busy for most of the time.
    """

    def __init__(self, path: Path, spec: FilesSpec, columns: list[str], encoding: str) -> None:
        self._path, self._encoding = path, encoding
        self._exploded = spec.explode or ""
        self._steps: dict[str, Steps] = {name: tuple(name.split(".")) for name in columns}
        within = {steps[:n] for steps in self._steps.values() for n in range(1, len(steps))}
        self._opened = sorted(steps for steps in within if not (spec.explode and steps[0] == PARENT))
        self._names: dict[str, None] = {}
        self._bad_rows = 0
        self._number = 0
        self._clear()

    def _clear(self) -> None:
        self._values: dict[str, list[Any]] = {name: [] for name in self._steps}
        self._lines: list[int] = []
        self._texts: list[str] = []
        self._bad: list[BadRow] = []
        self._records = 0
        self._characters = 0

    @property
    def full(self) -> bool:
        return len(self._lines) + len(self._bad) >= BATCH_ROWS or self._characters >= BATCH_CHARACTERS

    def add(self, value: object, line: int, text: str) -> None:
        """One value of the file, which began on ``line``; ``text`` is it as sent."""
        self._records += 1
        self._characters += len(text)
        if not isinstance(value, dict):
            self._reject(line, "not_a_row:not a JSON object", text)
        elif self._exploded:
            self._explode(value, text)
        else:
            self._row(value, line, text)

    def reject(self, line: int, text: str) -> None:
        """Set aside what cannot be read as JSON."""
        self._records += 1
        self._reject(line, "not_a_row:not a JSON object", text)

    def batch(self) -> TextBatch:
        """What was collected since the last batch."""
        made = {name: _strings(values) for name, values in self._values.items()}
        arrays = {name: values for name, (values, _) in made.items()}
        lines = np.array(self._lines, dtype=np.int64)
        if wrong := sorted({at for _, where in made.values() for at in where}):
            if len(wrong) > MOST_NOT_TEXT * len(lines):
                raise unfit(self._path, f"its bytes are not {self._encoding}")
            self._bad += [BadRow(self._lines[at], "not_text:record", readable(self._texts[at])) for at in wrong]
            self._bad.sort(key=lambda row: row.line)
            keep = np.ones(len(lines), dtype=bool)
            keep[wrong] = False
            arrays = {name: values.filter(pa.array(keep)) for name, values in arrays.items()}
            lines = lines[keep]
        batch = TextBatch(arrays, lines, self._bad, self._named(), self._encoding, self._records)
        self._clear()
        return batch

    def _explode(self, record: Record, text: str) -> None:
        nested = _at(record, tuple(self._exploded.split(".")))
        if nested is None:
            return
        if not isinstance(nested, list):
            self._reject(0, f"not_a_row:{self._exploded} is not a list", text)
            return
        for item in nested:
            if isinstance(item, dict):
                self._row({**item, PARENT: record}, self._number + 1, text)
            else:
                self._reject(0, f"not_a_row:{self._exploded} holds what is not an object", text)

    def _row(self, row: Record, line: int, text: str) -> None:
        self._number += 1
        self._lines.append(line)
        self._texts.append(text)
        for name, steps in self._steps.items():
            self._values[name].append(row.get(name) if len(steps) == 1 else _at(row, steps))
        if len(self._names) < MOST_NAMES:
            self._note_names(row)

    def _note_names(self, row: Record) -> None:
        if not row.keys() <= self._names.keys():
            self._names.update(dict.fromkeys(row))
        for steps in self._opened:
            inner = _at(row, steps)
            if isinstance(inner, dict):
                self._names.update(dict.fromkeys(f"{'.'.join(steps)}.{name}" for name in inner))

    def _reject(self, line: int, reason: str, text: str) -> None:
        self._number += 1
        self._bad.append(BadRow(self._number if self._exploded else line, reason, readable(text)))
        self._bad_rows += 1
        if self._bad_rows > MOST_BAD_ROWS:
            raise unfit(self._path, f"more than {MOST_BAD_ROWS:,} of its records are not rows")

    def _named(self) -> tuple[str, ...]:
        """All names so far; of an object that the mapping looks into, those within it."""
        hidden = {".".join(steps) for steps in self._opened} | ({PARENT} if self._exploded else set())
        return tuple(name for name in self._names if name not in hidden or name in self._steps)


def decoded(text: str) -> Any:
    """The value that ``text`` holds. Raises ``ValueError`` where it is not JSON, or nested too deep to be one."""
    try:
        return DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def readable(text: str) -> str:
    """``text`` with bytes that are no text written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _at(record: Record, steps: Steps) -> Any:
    value: Any = record
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    # A flat record may have a name with dots in it.
    return record.get(".".join(steps)) if value is None else value


def _strings(values: list[Any]) -> tuple[pa.Array, list[int]]:
    """(the values as strings, which of them are no text and became null)."""
    try:
        return pa.array(values, pa.string()), []
    except (pa.ArrowException, UnicodeError, TypeError):
        texts = [_text(value) for value in values]
    wrong = [at for at, text in enumerate(texts) if text is not None and not _is_text(text)]
    for at in wrong:
        texts[at] = None
    return pa.array(texts, pa.string()), wrong


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
