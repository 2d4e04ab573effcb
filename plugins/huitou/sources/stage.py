"""Staging: landed files become temporary tables, by binary COPY.

Rows whose values are all plain are cast on the way and land in ``typed``; the others land as text in ``staged``, where
SQL casts them. Memory holds a few blocks of a file, never a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from huitou.sources.cast import staged_name
from huitou.sources.control import Totals
from huitou.sources.copying import Stream, copy_rows
from huitou.sources.drift import Difference, columns_there, difference
from huitou.sources.feeds import Feed
from huitou.sources.files import LandedFile
from huitou.sources.personal import Sealer
from huitou.sources.plain import PlainCast
from huitou.sources.readers import TextBatch, read_batches

NUL = "\x00"
# What may wait in memory until the other COPY has its turn.
HELD_BYTES = 16 << 20
HELD_ROWS = 20_000
PROVENANCE = {"_file": pa.int64(), "_line": pa.int64()}


@dataclass
class Staged:
    """What staging saw beside the rows, by file id: how the columns differ from the mapping, and the encoding."""

    differences: dict[int, Difference] = field(default_factory=dict)
    encodings: dict[int, str] = field(default_factory=dict)


def stage(
    connection: psycopg.Connection,
    feed: Feed,
    files: dict[int, LandedFile],
    sealer: Sealer,
    plain: PlainCast | None,
    night: date,
) -> Staged:
    """Fill ``typed`` with the plain rows of ``files``, ``staged`` with the others, ``unreadable`` with what is no row.

    ``files`` maps file id to landed file; ``plain`` is None where the feed's casts are for SQL alone. Rows of days
    after ``night`` are left out and counted in ``ahead``; the contact points go to ``vault.contact_points``. Raises
    ``UserError`` for a missing column or a file that was cut, ``TransientError`` for one that is not what its control
    file says.
    """
    staged = Staged()
    with _Tables(connection, feed, sealer, plain) as tables:
        for file_id, batch in _batches(feed, files, sealer):
            staged.differences[file_id] = difference(feed, batch.names)
            staged.encodings[file_id] = batch.encoding
            tables.add(file_id, files[file_id].origin.business_date, batch, night)
        tables.finish()
    with connection.cursor() as cursor:
        cursor.executemany(
            "update arrived set encoding = %s where file_id = %s", [(e, i) for i, e in staged.encodings.items()]
        )
    _keep_sealed(connection)
    return staged


def stage_text(
    connection: psycopg.Connection, feed: Feed, batches: Iterable[tuple[int, TextBatch]], sealer: Sealer
) -> None:
    """Put batches of (file id, rows as sent) into ``staged`` as text and ``unreadable``; the vault gets its part."""
    unreadable: list[tuple[object, ...]] = []
    with Stream(connection, "staged", _text_schema(feed)) as stream:
        for file_id, sent in batches:
            batch = sealer.apply(sent)
            unreadable += [(file_id, bad.line, bad.reason, sealer.row_reference(bad)) for bad in batch.bad]
            if len(batch):
                stream.write(_text_record(feed, file_id, batch))
    copy_rows(connection, "unreadable", unreadable)
    copy_rows(connection, "sealed", sealer.sealed.values())
    sealer.sealed.clear()
    _keep_sealed(connection)


def _keep_sealed(connection: psycopg.Connection) -> None:
    """Give the vault the contact points in ``sealed``; the ones it already has stay as they are."""
    connection.execute(
        "insert into vault.contact_points (contact_hash, kind, key_id, sealed)"
        " select distinct on (contact_hash) contact_hash, kind, key_id, sealed from sealed order by contact_hash"
        " on conflict do nothing"
    )


def stage_again(
    connection: psycopg.Connection, feed: Feed, file_id: int, path: Path, lines: list[int], sealer: Sealer
) -> None:
    """Put the rows that begin on ``lines`` of a landed file into ``staged`` as text, as they were sent."""
    wanted = np.array(lines, dtype=np.int64)
    with Stream(connection, "staged", _text_schema(feed)) as stream:
        for batch in read_batches(path, feed.files, columns_there(feed, path)):
            keep = np.isin(batch.lines, wanted)
            if keep.any():
                stream.write(_text_record(feed, file_id, sealer.apply(batch)).filter(pa.array(keep)))
    sealer.sealed.clear()


class _Tables:
    """Writes what a feed's files hold into the temporary tables.

    A connection takes one COPY at a time: that of ``typed`` stays open, the rest waits until it is much.
    """

    def __init__(self, connection: psycopg.Connection, feed: Feed, sealer: Sealer, plain: PlainCast | None) -> None:
        self._connection, self._feed, self._sealer, self._plain = connection, feed, sealer, plain
        types = {"_day": pa.date32(), "_version": pa.timestamp("us", "UTC"), **(plain.types if plain else {})}
        self._schema = pa.schema({**PROVENANCE, **types})
        self._typed = Stream(connection, "typed", self._schema)
        self._text: list[pa.RecordBatch] = []
        self._unreadable: list[tuple[object, ...]] = []
        self._ahead: dict[int, int] = {}

    def __enter__(self) -> _Tables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._typed.__exit__(kind, error, trace)

    def add(self, file_id: int, day: date, batch: TextBatch, night: date) -> None:
        self._unreadable += [(file_id, bad.line, bad.reason, self._sealer.row_reference(bad)) for bad in batch.bad]
        if len(batch):
            text = _text_record(self._feed, file_id, batch)
            rest = self._add_plain(text, file_id, day, night) if self._plain else text
            if rest.num_rows:
                self._text.append(rest)
        held = sum(record.nbytes for record in self._text)
        if held > HELD_BYTES or max(len(self._unreadable), len(self._sealer.sealed)) > HELD_ROWS:
            self.finish()

    def finish(self) -> None:
        """Write all that waits."""
        self._typed.close()
        with Stream(self._connection, "staged", _text_schema(self._feed)) as staged:
            for record in self._text:
                staged.write(record)
        copy_rows(self._connection, "unreadable", self._unreadable)
        copy_rows(self._connection, "sealed", self._sealer.sealed.values())
        copy_rows(self._connection, "ahead", self._ahead.items())
        self._text, self._unreadable, self._ahead = [], [], {}
        self._sealer.sealed.clear()

    def _add_plain(self, text: pa.RecordBatch, file_id: int, day: date, night: date) -> pa.RecordBatch:
        """Write the plain rows; returns the others."""
        assert self._plain is not None
        sent = {name: text.column(staged_name(self._feed, name)) for name in self._feed.source_columns}
        rows = self._plain.rows(sent, text.num_rows, day)
        # Which file and line a row is of goes with it, whatever is filtered.
        where = text.select(list(PROVENANCE))
        where = where if rows.plain is None else where.filter(rows.plain)
        columns = {**{name: where.column(name) for name in PROVENANCE}, **rows.columns}
        record = pa.RecordBatch.from_arrays([columns[name] for name in self._schema.names], schema=self._schema)
        if self._feed.files.date_column:
            known = pc.less_equal(rows.columns["_day"], pa.scalar(night, pa.date32()))
            self._ahead[file_id] = self._ahead.get(file_id, 0) + record.num_rows - (pc.sum(known).as_py() or 0)
            record = record.filter(known)
        if record.num_rows:
            self._typed.write(record)
        return text.slice(0, 0) if rows.plain is None else text.filter(pc.invert(rows.plain))


def _staged_names(feed: Feed) -> list[str]:
    return [staged_name(feed, name) for name in feed.source_columns]


def _text_schema(feed: Feed) -> pa.Schema:
    return pa.schema({**PROVENANCE, **dict.fromkeys(_staged_names(feed), pa.string())})


def _text_record(feed: Feed, file_id: int, batch: TextBatch) -> pa.RecordBatch:
    nothing = pa.nulls(len(batch), pa.string())
    arrays = [
        pa.array(np.full(len(batch), file_id, dtype=np.int64)),
        pa.array(batch.lines),
        *(_without_nul(batch.columns[name]) if name in batch.columns else nothing for name in feed.source_columns),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=_text_schema(feed))


def _without_nul(values: pa.Array) -> pa.Array:
    """PostgreSQL text cannot hold NUL; the replacement character keeps the value wrong, and so quarantined."""
    data = values.buffers()[2]
    if data is None or np.frombuffer(data, np.uint8).all():
        return values
    return pc.replace_substring(values, NUL, "\ufffd")


def _batches(feed: Feed, files: dict[int, LandedFile], sealer: Sealer) -> Iterator[tuple[int, TextBatch]]:
    for file_id, file in files.items():
        there = columns_there(feed, file.path, file.origin.name)
        totals = Totals(file.origin.name, feed, file.said)
        for batch in read_batches(file.path, feed.files, there, file.origin.name):
            totals.add(batch)
            yield file_id, sealer.apply(batch)
        totals.check()
