"""JSON Lines: one record a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import TextBatch
from huitou.sources.readers.json_records import Rows, decoded
from huitou.sources.readers.refusal import cut, unfit
from huitou.sources.readers.text import CHUNK_BYTES, Utf8Stream, open_text

MOST_LINE_BYTES = 16 << 20


def read_jsonl(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The records of a JSON Lines file. Raises ``UserError`` where its last one is cut."""
    with open_text(path, spec) as stream:
        rows = Rows(path, spec, columns, stream.encoding)
        for number, raw in enumerate(_lines(path, stream), start=1):
            _take(path, rows, raw, number)
            if rows.full:
                yield rows.batch()
        yield rows.batch()


def _take(path: Path, rows: Rows, raw: bytes, number: int) -> None:
    text = raw.decode("utf-8", "surrogateescape").strip(" \t\r\n")
    if not text:
        return
    try:
        value = decoded(text)
    except ValueError:
        if not raw.endswith((b"\n", b"\r")):
            raise cut(path, "its last record has no end") from None
        rows.reject(number, text)
    else:
        rows.add(value, number, text)


def _lines(path: Path, stream: Utf8Stream) -> Iterator[bytes]:
    rest = b""
    while data := stream.read(CHUNK_BYTES):
        lines = (rest + data).splitlines(keepends=True)
        # A carriage return at the end may be half of a line's end.
        rest = lines.pop() if not lines[-1].endswith(b"\n") else b""
        if len(rest) > MOST_LINE_BYTES:
            raise unfit(path, f"a line is longer than {MOST_LINE_BYTES >> 20} MiB")
        yield from lines
    if rest:
        yield rest
