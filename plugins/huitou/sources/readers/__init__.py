"""Readers: a landed file becomes batches of text, with the line that each row began on.

Nothing is judged here but the file's own shape. A file that was cut is refused whole (``UserError``); a row that
does not fit the file's columns is handed on as a ``BadRow``; every value stays text.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import BadRow, TextBatch
from huitou.sources.readers.delimited import read_csv
from huitou.sources.readers.excel import read_excel
from huitou.sources.readers.json_array import read_json
from huitou.sources.readers.json_lines import read_jsonl
from huitou.sources.readers.parquet import read_parquet
from huitou.sources.readers.refusal import calling, refusing

__all__ = ["BadRow", "TextBatch", "read_batches", "read_columns"]

MOST_NAME_CHARACTERS = 200

_READERS: dict[str, Callable[[Path, FilesSpec, list[str]], Iterator[TextBatch]]] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "json": read_json,
    "parquet": read_parquet,
    "excel": read_excel,
}


def read_columns(path: Path, spec: FilesSpec, called: str = "") -> list[str]:
    """The columns that the file itself names; for JSON those of its first records."""
    with closing(read_batches(path, spec, [], called=called)) as batches:
        return list(next(batches).names)


def read_batches(path: Path, spec: FilesSpec, columns: list[str], called: str = "") -> Generator[TextBatch, None, None]:
    """The rows of ``path``, the named columns of each; at least one batch, which may be empty.

    ``called`` is its path at the source. Raises ``UserError`` for a cut or unreadable file, and for a table without one
    of the columns.
    """
    try:
        with calling(path, called), refusing(path):
            for batch in _READERS[spec.format](path, spec, columns):
                batch.names = tuple(map(_shown, batch.names))
                yield batch
    finally:
        # Arrow keeps what it freed; the next file may be of another kind.
        pa.default_memory_pool().release_unused()


def _shown(name: str) -> str:
    """A name that every log and table can hold, whatever the file called its column."""
    return name[:MOST_NAME_CHARACTERS].replace("\x00", "\ufffd").encode("utf-8", "backslashreplace").decode()
