"""Bytes of a text file: unpacked within a limit, known by their encoding, handed on as UTF-8 without a mark."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from huitou.errors import UserError
from huitou.sources.file_spec import DETECT, FilesSpec
from huitou.sources.readers.refusal import cut, name_of, unfit

CHUNK_BYTES = 1 << 20
# Below this much, what a compressed file unpacks to is no danger, however small it is.
UNPACKED_FREELY = 64 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Readable(Protocol):
    """What a stream of bytes can be asked."""

    def read(self, size: int = -1, /) -> bytes: ...


class Utf8Stream(io.RawIOBase):
    """A file's text as UTF-8, whatever it came in.

    ``encoding`` is that of the file's bytes. ``last`` and ``quotes`` (the last byte, how many quotes so far) tell a
    cut file from a whole one. Bytes that are no text come out as invalid UTF-8, so that only their row is lost.
    """

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self.encoding = encoding
        self._decoder = None
        if encoding != "utf-8":
            errors = "strict" if encoding.startswith("utf-") else "surrogateescape"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._pending = self._beginning()
        self.last = b""
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """As many bytes as were asked for, fewer only at the end."""
        self._fill(size)
        stop = len(self._pending) if size < 0 else size
        data, self._pending = self._pending[:stop], self._pending[stop:]
        if data:
            self.last = data[-1:]
            self.quotes += data.count(b'"')
        return data

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes, which stay to be read."""
        self._fill(size)
        return self._pending[:size]

    def _fill(self, size: int) -> None:
        parts = [self._pending] if self._pending else []
        have = len(self._pending)
        while (size < 0 or have < size) and (more := self._next(max(size - have, CHUNK_BYTES))):
            parts.append(more)
            have += len(more)
        # One part is not copied: a block is large.
        self._pending = parts[0] if len(parts) == 1 else b"".join(parts)

    def _beginning(self) -> bytes:
        data = b""
        while len(data) < len(codecs.BOM_UTF8) and (more := self._next(CHUNK_BYTES)):
            data += more
        return data.removeprefix(codecs.BOM_UTF8)

    def _next(self, size: int) -> bytes:
        while data := self._stream.read(size):
            if self._decoder is None:
                return data
            if text := self._decoder.decode(data):
                return text.encode("utf-8", "surrogatepass")
        rest = self._decoder.decode(b"", True) if self._decoder else ""
        return rest.encode("utf-8", "surrogatepass")


@contextmanager
def open_text(path: Path, spec: FilesSpec) -> Iterator[Utf8Stream]:
    """The text of ``path``. Raises ``UserError`` where it unpacks past its limit or no encoding fits."""
    encoding = _encoding(path, spec)
    with open_bytes(path, spec) as stream:
        yield Utf8Stream(stream, encoding)


@contextmanager
def open_bytes(path: Path, spec: FilesSpec) -> Iterator[Readable]:
    """The bytes of ``path``, unpacked where its name ends in .gz or .zst."""
    if path.suffix not in (".gz", ".zst"):
        with path.open("rb") as plain:
            yield plain
        return
    if path.stat().st_size == 0:
        raise cut(path, "it is empty, and a compressed file never is")
    with _unpacking(path) as packed:
        yield _Bounded(packed, path, spec.unpack_limit)


def _unpacking(path: Path) -> AbstractContextManager[Readable]:
    if path.suffix == ".gz":
        return gzip.GzipFile(path, "rb")
    stream: AbstractContextManager[Readable] = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return stream


class _Bounded:
    """Stops a file that unpacks to far more than any real one does."""

    def __init__(self, stream: Readable, path: Path, limit: int) -> None:
        self._stream, self._path, self._limit = stream, path, limit
        self._most = max(UNPACKED_FREELY, path.stat().st_size * limit)
        self._done = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._done += len(data)
        if self._done > self._most:
            raise too_much(self._path, self._limit)
        return data


def too_much(path: Path, limit: int) -> UserError:
    """The refusal of a file that unpacks to more than ``limit`` times its size."""
    return UserError(
        f"{name_of(path)}: it unpacks to more than {limit} times its size, as no honest file does. "
        "Nothing of it was loaded. If it is right, raise files.unpack_limit."
    )


def _encoding(path: Path, spec: FilesSpec) -> str:
    with open_bytes(path, spec) as stream:
        head = stream.read(4)
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None)
    if spec.encoding == DETECT:
        return marked or _detected(path, spec)
    declared = codecs.lookup(spec.encoding).name.replace("utf-8-sig", "utf-8")
    if marked and marked != declared and not marked.startswith(f"{declared}-"):
        raise unfit(path, f"its first bytes are the mark of {marked}, and files.encoding is {spec.encoding}")
    if declared in ("utf-16", "utf-32"):
        return marked or f"{declared}-le"
    return declared


def _detected(path: Path, spec: FilesSpec) -> str:
    """UTF-8 where every byte fits it, else GB18030 where every byte fits that."""
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            with open_bytes(path, spec) as stream:
                while data := stream.read(CHUNK_BYTES):
                    decoder.decode(data)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise unfit(path, "it is neither UTF-8 nor GB18030 and has no mark; say files.encoding")
