"""The nightly drops: one folder a business date with every feed's file, the same bytes for the same rows."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from huitou.shop.arrays import Ints
from huitou.shop.feed import Columns, Feed, Flaw
from huitou.shop.imperfections import BAD, Rows

GZIP_LEVEL = 6


def write_night(folder: Path, night: int, planned: list[tuple[Feed, Rows]]) -> None:
    """Write every feed's file of one night into ``folder``, which appears whole. Sets ``Rows.line``."""
    unfinished = folder.with_name(f".{folder.name}")
    unfinished.mkdir(parents=True)
    for feed, rows in planned:
        part = rows.of_night(night)
        columns = feed.columns(rows.record[part])
        bad = np.flatnonzero(rows.mark[part] == BAD)
        spoil(columns, bad, [feed.flaws[flaw] for flaw in rows.flaw[part][bad]])
        rows.line[part] = _lines(feed, columns, len(rows.record[part]))
        (unfinished / feed.file).write_bytes(file_bytes(feed.file, columns, feed.encoding))
    unfinished.rename(folder)


def spoil(columns: Columns, places: Ints, flaws: list[Flaw]) -> None:
    """Put each flaw's value into its column at its place."""
    for place, flaw in zip(places.tolist(), flaws, strict=True):
        values = columns[flaw.column].to_pylist()
        values[place] = flaw.value
        columns[flaw.column] = pa.array(values, columns[flaw.column].type)


def _lines(feed: Feed, columns: Columns, count: int) -> Ints:
    """The line of the file that each row begins on: CSV has a header, and text may hold line breaks."""
    first = 2 if ".csv" in feed.file else 1
    breaks = np.zeros(count, dtype=np.int64)
    for name in feed.multiline:
        breaks += pc.fill_null(pc.count_substring(columns[name], "\n"), 0).to_numpy(zero_copy_only=False)
    return first + np.arange(count) + np.cumsum(breaks) - breaks


def file_bytes(name: str, columns: Columns, encoding: str = "utf-8") -> bytes:
    """The file as its suffixes say: parquet, JSON Lines or CSV, packed if it ends in .gz."""
    if name.endswith(".parquet"):
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, compression="zstd")
        return sink.getvalue()
    plain = _json_lines(columns) if ".jsonl" in name else csv_bytes(columns)
    if encoding != "utf-8":
        plain = plain.decode().encode(encoding)
    return pack(plain) if name.endswith(".gz") else plain


def csv_bytes(columns: Columns) -> bytes:
    sink = io.BytesIO()
    pa_csv.write_csv(pa.table(columns), sink)
    return sink.getvalue()


def pack(plain: bytes) -> bytes:
    """gzip without a name or a time, so that the same content is the same bytes."""
    return gzip.compress(plain, GZIP_LEVEL, mtime=0)


def _json_lines(columns: Columns) -> bytes:
    rows: list[dict[str, Any]] = pa.table(columns).to_pylist()
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
