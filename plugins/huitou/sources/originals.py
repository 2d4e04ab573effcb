"""The text of rows in quarantine as it was sent: from the landing file, or where that is gone from the vault.

``quarantine.rows`` alone would not do: it holds keyed hashes for contact points and masks for what looks like one.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa

from huitou.errors import UserError
from huitou.sources.drift import columns_there
from huitou.sources.feeds import Feed
from huitou.sources.file_spec import FilesSpec
from huitou.sources.personal import INVALID
from huitou.sources.readers import BadRow, TextBatch, read_batches, read_columns
from huitou.warehouse.vault import Vault

CHUNK_BYTES = 1 << 20
HASH = re.compile(rf"^(?:{INVALID})?([0-9a-f]{{64}})$")
MASKS = ("[phone]", "[e-mail]")


@dataclass(frozen=True)
class KeptRow:
    """A row in quarantine and where its file lies; ``header`` are the file's columns, where they were kept."""

    quarantine_id: int
    file_id: int
    line: int
    row: dict[str, Any]
    landed_as: str | None
    sha256: str
    reasons: list[str]
    header: list[str] | None


class NotKeptError(Exception):
    """The text of the row is nowhere any more; the message says why."""


class Originals:
    """Finds the text of rows. ``lost`` maps the ids of those that could not be found to the reason."""

    def __init__(self, connection: psycopg.Connection, vault: Vault, feed: Feed, folder: Path) -> None:
        self._connection = connection
        self._vault = vault
        self._feed = feed
        self._folder = folder
        self.lost: dict[int, str] = {}

    def batches(self, rows: Iterable[KeptRow]) -> Iterator[tuple[int, TextBatch]]:
        """(file id, rows as sent), with the line of each. The vault is asked at once, files are read as it goes.

        A feed that counts lines needs all rows of the file, and gets them: who asks picks out those it asked for.
        """
        files: dict[int, list[KeptRow]] = defaultdict(list)
        for row in rows:
            files[row.file_id].append(row)
        whole = {file_id for file_id, kept in files.items() if _is_whole(kept[0])}
        opened = [(i, batch) for i, kept in files.items() if i not in whole for batch in self._from_vault(kept)]
        landed = ((i, batch) for i in files if i in whole for batch in self._from_file(files[i]))
        return chain(opened, landed)

    def _from_file(self, rows: list[KeptRow]) -> Iterator[TextBatch]:
        path, spec = Path(rows[0].landed_as or ""), self._feed.files
        lines = None if self._counts_lines else np.array([row.line for row in rows], dtype=np.int64)
        try:
            names = columns_there(self._feed, path)
            found = [_only(batch, lines) for batch in read_batches(path, spec, names)]
        except UserError as error:
            self.lost |= {row.quarantine_id: str(error) for row in rows}
            return
        yield from found

    def _from_vault(self, rows: list[KeptRow]) -> Iterator[TextBatch]:
        for row in rows:
            try:
                if self._counts_lines:
                    raise NotKeptError("the landing file is gone, and its lines are counted")
                yield self._sealed_row(row) if "sealed" in row.row else self._opened_row(row)
            except (NotKeptError, UserError) as error:
                self.lost[row.quarantine_id] = str(error)

    @property
    def _counts_lines(self) -> bool:
        return any(mapping.ordinal for mapping in self._feed.columns.values())

    def _sealed_row(self, row: KeptRow) -> TextBatch:
        """A row that had no columns: its sealed text, read as a file of one row under today's mapping."""
        if any(reason.startswith("not_text:") for reason in row.reasons):
            raise NotKeptError("the landing file is gone, and the bytes of the row were no text")
        text = self._open(str(row.row["sealed"]))
        spec = self._feed.files.model_copy(update={"encoding": "utf-8"})
        if spec.format not in ("csv", "jsonl"):
            raise NotKeptError(f"the landing file is gone, and one row of {spec.format} cannot be read alone")
        head = ""
        if spec.format == "csv":
            if row.header is None:
                raise NotKeptError("the landing file is gone and its header was not kept")
            head = spec.delimiter.join(_quoted(name, spec) for name in row.header) + "\n"
        with tempfile.TemporaryDirectory(dir=self._folder) as place:
            path = Path(place) / f"row.{spec.format}"
            path.write_bytes(f"{head}{text}\n".encode())
            have = row.header or read_columns(path, spec)
            names = [n for n in self._feed.source_columns if n in have or spec.may_omit]
            found = [batch for batch in read_batches(path, spec, names) if len(batch) or batch.bad]
        if len(found) != 1 or len(found[0]) + len(found[0].bad) != 1:
            raise NotKeptError("its text is not one row any more")
        bad = [replace(one, line=row.line) for one in found[0].bad]
        return TextBatch(found[0].columns, np.full(len(found[0]), row.line, dtype=np.int64), bad)

    def _opened_row(self, row: KeptRow) -> TextBatch:
        columns = {}
        for name in self._feed.source_columns:
            if name in row.row:
                columns[name] = pa.array([self._value(name, row.row[name])], pa.string())
            elif row.header is None or name in row.header:
                raise NotKeptError(f"the landing file is gone and column {name!r} was not kept")
        return TextBatch(columns, np.array([row.line], dtype=np.int64))

    def _value(self, name: str, text: str | None) -> str | None:
        if text is None:
            return None
        if match := HASH.match(text):
            return self._open(match.group(1))
        if any(mask in text for mask in MASKS) and self._kind(name) != "free_text":
            raise NotKeptError(f"the landing file is gone and column {name!r} was masked")
        return text

    def _kind(self, source: str) -> str | None:
        contract = self._feed.contract
        return next((contract.columns[c].type for c, m in self._feed.columns.items() if m.source == source), None)

    def _open(self, contact_hash: str) -> str:
        found = self._connection.execute(
            "select sealed from vault.contact_points where contact_hash = %s", (contact_hash,)
        ).fetchone()
        if found is None:
            raise NotKeptError("the landing file is gone, and what the vault kept of the row was erased")
        return self._vault.open(contact_hash, found[0])


def _is_whole(row: KeptRow) -> bool:
    """The landing file is there, byte for byte."""
    if row.landed_as is None:
        return False
    digest = hashlib.sha256()
    try:
        with Path(row.landed_as).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == row.sha256


def _only(batch: TextBatch, lines: np.ndarray | None) -> TextBatch:
    if lines is None:
        return batch
    keep = np.isin(batch.lines, lines)
    columns = {name: values.filter(pa.array(keep)) for name, values in batch.columns.items()}
    wanted = set(lines.tolist())
    bad: list[BadRow] = [row for row in batch.bad if row.line in wanted]
    return TextBatch(columns, batch.lines[keep], bad)


def _quoted(name: str, spec: FilesSpec) -> str:
    special = (spec.delimiter, '"', "\n")
    return '"' + name.replace('"', '""') + '"' if any(mark in name for mark in special) else name
