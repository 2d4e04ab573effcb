"""Staging: landed files become one temporary all-text table, by binary COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pgpq
import psycopg
import pyarrow as pa
from psycopg import sql

from huitou.errors import UserError
from huitou.sources.cast import staged_name
from huitou.sources.feeds import Feed
from huitou.sources.files import LandedFile
from huitou.sources.personal import Sealer
from huitou.sources.readers import TextBatch, read_batches, read_columns

NUL = "\x00"


@dataclass
class Staged:
    """What staging saw beside the rows themselves: columns that nobody mapped, by name."""

    new_columns: set[str] = field(default_factory=set)


def stage(connection: psycopg.Connection, feed: Feed, files: dict[int, LandedFile], sealer: Sealer) -> Staged:
    """Fill the temporary tables ``staged`` (rows) and ``unreadable`` (rows without columns) from ``files``.

    ``files`` maps file id to landed file. Raises ``UserError`` for a missing column or a file that was cut.
    """
    _create(connection, feed)
    staged = Staged()
    for file in files.values():
        staged.new_columns |= _new_columns(feed, file)
    unreadable: list[tuple[object, ...]] = []
    schema = pa.schema(
        [("_file", pa.int64()), ("_line", pa.int64())]
        + [(staged_name(feed, name), pa.string()) for name in feed.source_columns]
    )
    encoder = pgpq.ArrowToPostgresBinaryEncoder(schema)
    with connection.cursor().copy("copy staged from stdin (format binary)") as copy:
        copy.write(encoder.write_header())
        for file_id, batch in _batches(feed, files, sealer):
            unreadable += [(file_id, bad.line, bad.reason, sealer.row_reference(bad)) for bad in batch.bad]
            if len(batch):
                copy.write(encoder.write_batch(_record(feed, schema, file_id, batch)))
        copy.write(encoder.finish())
    _copy_rows(connection, "unreadable", unreadable)
    connection.execute("analyze staged")
    return staged


def keep_sealed(connection: psycopg.Connection, sealer: Sealer) -> None:
    """Put the sealed contact points of the batch in the vault; the ones it already has stay as they are."""
    connection.execute(
        "create temp table sealed (contact_hash text, kind text, key_id text, sealed bytea) on commit drop"
    )
    _copy_rows(connection, "sealed", sealer.sealed.values())
    connection.execute(
        "insert into vault.contact_points (contact_hash, kind, key_id, sealed)"
        " select contact_hash, kind, key_id, sealed from sealed order by contact_hash on conflict do nothing"
    )


def _create(connection: psycopg.Connection, feed: Feed) -> None:
    columns = sql.SQL("").join(
        sql.SQL(", {} text").format(sql.Identifier(staged_name(feed, name))) for name in feed.source_columns
    )
    connection.execute(
        sql.SQL("create temp table staged (_file bigint, _line bigint{}) on commit drop").format(columns)
    )
    connection.execute(
        "create temp table unreadable (_file bigint, _line bigint, reason text, reference text) on commit drop"
    )


def _new_columns(feed: Feed, file: LandedFile) -> set[str]:
    have = read_columns(file.path, feed.files)
    missing = [name for name in feed.source_columns if name not in have]
    # A JSON record may leave out what it has no value for; a table may not.
    if missing and feed.files.format != "jsonl":
        raise UserError(
            f"{feed.feed}: {file.origin.name} of {file.origin.business_date} has no column {missing[0]!r}. "
            f"It has: {', '.join(have)}. Mend the file, or map the column in the feed file."
        )
    return set(have) - set(feed.source_columns) - set(feed.ignore)


def _batches(feed: Feed, files: dict[int, LandedFile], sealer: Sealer) -> Iterator[tuple[int, TextBatch]]:
    for file_id, file in files.items():
        for batch in read_batches(file.path, feed.files, list(feed.source_columns)):
            yield file_id, sealer.apply(batch)


def _record(feed: Feed, schema: pa.Schema, file_id: int, batch: TextBatch) -> pa.RecordBatch:
    arrays = [
        pa.array(np.full(len(batch), file_id, dtype=np.int64)),
        pa.array(batch.lines),
        *(_without_nul(batch.columns[name]) for name in feed.source_columns),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _without_nul(values: pa.Array) -> pa.Array:
    """PostgreSQL text cannot hold NUL; the replacement character keeps the value wrong, and so quarantined."""
    if not pa.compute.any(pa.compute.match_substring(values, NUL)).as_py():
        return values
    return pa.compute.replace_substring(values, NUL, "\ufffd")


def _copy_rows(connection: psycopg.Connection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor().copy(sql.SQL("copy {} from stdin").format(sql.Identifier(table))) as copy:
        for row in rows:
            copy.write_row(row)
