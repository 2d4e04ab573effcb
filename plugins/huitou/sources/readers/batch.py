"""What every reader yields: a batch of rows as text."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class BadRow:
    """A row that has no columns to speak of: where it stands, why, and its text as sent."""

    line: int
    reason: str
    text: str


@dataclass
class TextBatch:
    """Rows as text: ``columns`` maps source column to a string array; ``lines`` is where each row began.

    ``names`` are all columns that the file named so far, mapped or not; ``encoding`` is that of its bytes (empty
    where the format has none); ``records`` is how many of the file's own records the batch stands for.
    """

    columns: dict[str, pa.Array]
    lines: np.ndarray
    bad: list[BadRow] = field(default_factory=list)
    names: tuple[str, ...] = ()
    encoding: str = ""
    records: int = 0

    def __len__(self) -> int:
        return len(self.lines)

    def after(self, line: int) -> TextBatch:
        """The part of the batch that begins below ``line``."""
        keep = self.lines > line
        columns = {name: values.filter(pa.array(keep)) for name, values in self.columns.items()}
        bad = [row for row in self.bad if row.line > line]
        records = int(keep.sum()) + len(bad)
        return TextBatch(columns, self.lines[keep], bad, self.names, self.encoding, records)

    @property
    def last_line(self) -> int:
        """The line on which the batch's last row began; 0 where it has none."""
        ends = [int(self.lines[-1])] if len(self.lines) else []
        return max(ends + [row.line for row in self.bad], default=0)


def as_text(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """(binary ``values`` as strings, which of them are not UTF-8 and became null)."""
    try:
        return values.cast(pa.string()), np.zeros(0, dtype=np.int64)
    except pa.ArrowInvalid:
        texts = [_decoded(value) for value in values.to_pylist()]
        wrong = pc.and_(pc.is_null(pa.array(texts, pa.string())), pc.is_valid(values))
        return pa.array(texts, pa.string()), np.flatnonzero(wrong.to_numpy(zero_copy_only=False))


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
