"""Searches landed files for what identifies a person, whatever their encoding and compression."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

CHUNK_BYTES = 1 << 20
ENCODINGS = ("utf-8", "gbk", "utf-16-le", "utf-16-be")
# Formats that are packed inside: their bytes cannot be searched.
PACKED = (".parquet", ".xlsx")


def may_hold(path: Path, needles: list[str]) -> bool:
    """Whether the file holds one of the needles, or cannot be searched; a file that is gone holds nothing."""
    patterns = {needle.encode(encoding, "ignore") for needle in needles for encoding in ENCODINGS} - {b""}
    if not patterns or not path.exists():
        return False
    if path.suffix.lower() in PACKED:
        return True
    longest = max(map(len, patterns))
    tail = b""
    try:
        for chunk in _chunks(path):
            text = tail + chunk
            if any(pattern in text for pattern in patterns):
                return True
            tail = text[-longest:]
    except (OSError, EOFError, zlib.error, pa.ArrowException):
        return True
    return False


def _chunks(path: Path) -> Iterator[bytes]:
    with _opened(path) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield bytes(chunk)


def _opened(path: Path) -> IO[bytes] | Any:
    if path.suffix == ".gz":
        return gzip.open(path, "rb")
    if path.suffix == ".zst":
        return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return path.open("rb")
