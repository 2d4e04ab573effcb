"""A file of given bytes, and what a reader makes of it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers import TextBatch, read_batches


def read(path: Path, spec: FilesSpec, columns: list[str]) -> list[TextBatch]:
    return list(read_batches(path, spec, columns))


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / f"0-{name}"
    path.write_bytes(content)
    return path


def bad_of(batches: list[TextBatch]) -> list[tuple[int, str, str]]:
    return [(row.line, row.reason, row.text) for batch in batches for row in batch.bad]


def rows_of(batches: list[TextBatch], column: str) -> list[tuple[int, str]]:
    return [
        (int(line), value)
        for batch in batches
        for line, value in zip(batch.lines, batch.columns.get(column, pa.array([])).to_pylist(), strict=True)
    ]
