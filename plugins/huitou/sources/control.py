"""Control files: what a source says that its files hold, so that one that came in part is known as such.

``{"files": {"orders.csv": {"rows": 10, "bytes": 512, "sha256": "…", "sums": {"amount": "99.50"}}}}``: any of the four
may be left out.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError

from huitou.errors import TransientError, UserError
from huitou.sources.feeds import Feed
from huitou.sources.readers import TextBatch
from huitou.yaml_files import Strict

MOST_BYTES = 8 << 20
NUMBER = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,6})?$"
SUMMED = pa.decimal128(38, 6)


class Control(Strict):
    """What one file holds: its records, its size as sent, the SHA-256 of those bytes, and sums of its own columns."""

    rows: int | None = Field(default=None, ge=0)
    bytes: int | None = Field(default=None, ge=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    sums: dict[str, Decimal] = Field(default={})

    def check(self, name: str, size: int, sha256: str) -> None:
        """Raise ``TransientError`` where the bytes are not those that the source meant."""
        if self.bytes is not None and size != self.bytes:
            raise _partial(name, f"{self.bytes} bytes and it has {size}")
        if self.sha256 is not None and sha256 != self.sha256.lower():
            raise _partial(name, "another SHA-256 than its bytes have")


class Totals:
    """A file's records and the sums of its columns, counted as it is read and held against what its source says.

    Where a record or a number could not be read, the rest cannot add up to the sum; that row is in quarantine, and the
    sum is not asked about.
    """

    def __init__(self, name: str, feed: Feed, said: Control) -> None:
        self._name, self._said = name, said
        for column in said.sums:
            if column not in feed.source_columns:
                raise UserError(f"{name}: its control file has a sum of {column}, which the feed does not read.")
        self._with_comma = {mapping.source for mapping in feed.columns.values() if mapping.decimal == ","}
        self._sums = dict.fromkeys(said.sums, Decimal(0))
        self._unknown: set[str] = set()
        self._rows = 0

    def add(self, batch: TextBatch) -> None:
        self._rows += batch.records
        for column in self._sums:
            if column not in batch.columns or batch.bad:
                self._unknown.add(column)
                continue
            text = pc.utf8_trim_whitespace(batch.columns[column].drop_null())
            if column in self._with_comma:
                text = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
            numbers = text.filter(pc.match_substring_regex(text, NUMBER))
            if len(numbers) < len(text.filter(pc.not_equal(text, ""))):
                self._unknown.add(column)
            self._sums[column] += pc.sum(numbers.cast(SUMMED)).as_py() or 0

    def check(self) -> None:
        """Raise ``TransientError`` where there are other than the records, or a column adds up to something else."""
        if self._said.rows is not None and self._rows != self._said.rows:
            raise _partial(self._name, f"{self._said.rows} rows and it has {self._rows}")
        for column, said in self._said.sums.items():
            if column not in self._unknown and self._sums[column] != said:
                found = self._sums[column].normalize()
                raise _partial(self._name, f"{column} adds up to {said:f} and it adds up to {found:f}")


class _Controls(Strict):
    files: dict[str, Control]


def read_control(store: Any, path: str, name: str) -> Control:
    """What the control file at ``path`` says of the file ``name`` (its path below the root, or its last part).

    Raises ``TransientError`` where it says nothing yet, ``UserError`` where it cannot be read.
    """
    shown = PurePosixPath(path).name
    try:
        with store.open(path, "rb") as stream:
            controls = _Controls.model_validate(json.loads(stream.read(MOST_BYTES), parse_float=Decimal))
    except FileNotFoundError:
        raise TransientError(f"{name}: its control file {shown} is not there yet. It is taken when it is.") from None
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"{shown}: {key or 'it'} is not as files.control must be: see docs/architecture.md.") from None
    except ValueError:
        raise TransientError(f"{name}: its control file {shown} is cut, or no JSON. Nothing was loaded.") from None
    said = controls.files.get(name) or controls.files.get(PurePosixPath(name).name)
    if said is None:
        raise TransientError(f"{name}: its control file {shown} does not name it. It is taken when it does.")
    return said


def _partial(name: str, why: str) -> TransientError:
    return TransientError(
        f"{name}: the file is partial: its control file says {why}. Nothing of it was loaded; it is taken when whole."
    )
