"""What a reader says when it refuses a file: one message, whatever the library below it raised."""

from __future__ import annotations

import csv
import gzip
import re
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from huitou.errors import HuitouError, UserError

_CUT = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, ElementTree.ParseError)
_NAME = re.compile(r"[^\W\d][\w .-]{0,60}")
_KINDS = (
    (b"\x1f\x8b", "it is packed with gzip; its name must end in .gz, and so must files.path"),
    (b"\x28\xb5\x2f\xfd", "it is packed with zstd; its name must end in .zst, and so must files.path"),
    (b"PK\x03\x04", "it is a zip file or a workbook; files.format excel reads a workbook"),
    (b"PAR1", "it is Parquet; say files.format: parquet"),
    (b"%PDF", "it is a PDF"),
    (b"\xd0\xcf\x11\xe0", "it is an old .xls workbook; save it as .xlsx"),
)
_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|\?xml)", re.IGNORECASE)
_UNFIT = (UnicodeError, pa.ArrowException, csv.Error, OSError)


def name_of(path: Path) -> str:
    """The name that the file had at its source; a landed file's begins with its digest."""
    return path.name.split("-", 1)[-1]


def cut(path: Path, why: str) -> UserError:
    """The refusal of a file that is not all there."""
    return UserError(
        f"{name_of(path)}: the file is cut: {why}. Nothing of it was loaded; send it again whole.",
    )


def unfit(path: Path, why: str) -> UserError:
    """The refusal of a file that is not what its feed file says."""
    return UserError(
        f"{name_of(path)}: cannot be read as its feed file says: {why}. "
        "Check format, encoding and delimiter, or send the file again."
    )


def kind_of(head: bytes) -> str | None:
    """What a file is whose first bytes are those of another kind than text; None where they are not."""
    if _MARKUP.match(head):
        return "it is HTML or XML, perhaps an error page that was saved as the file"
    return next((kind for mark, kind in _KINDS if head.startswith(mark)), None)


def require(path: Path, have: Iterable[str], columns: list[str]) -> None:
    """Raise ``UserError`` where a table lacks one of ``columns``."""
    names = list(have)
    missing = [name for name in columns if name not in names]
    if not missing:
        return
    raise UserError(
        f"{name_of(path)}: it has no column {missing[0]!r}. {account(names, columns)} "
        "Mend the file, or map the column in the feed file."
    )


def are_names(names: Sequence[str], columns: Iterable[str]) -> bool:
    """Whether a table's first line can be one of names; else it may be somebody's data."""
    return bool(set(names) & set(columns)) or all(_NAME.fullmatch(name) for name in names)


def account(names: Sequence[str], columns: Iterable[str]) -> str:
    """What a table has instead of a column; a first line that is none of names is not repeated."""
    if len(names) == 1 and any(mark in names[0] for mark in ",;\t|"):
        return "Its first line is one value. Is files.delimiter right?"
    if are_names(names, columns):
        return f"It has: {', '.join(names)[:500]}."
    return "Its first line has none of the columns that are mapped. Is it a line of names?"


@contextmanager
def calling(path: Path, called: str) -> Iterator[None]:
    """Tell a refusal by the file's path at its source, which has the day, where that is known."""
    try:
        yield
    except HuitouError as error:
        name = name_of(path)
        if called and str(error).startswith(f"{name}: "):
            raise type(error)(f"{called}{str(error).removeprefix(name)}") from None
        raise


class refusing:
    """Turn what a damaged file makes the libraries raise into one message."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, HuitouError):
            return
        if isinstance(error, _CUT) or (self._path.suffix == ".zst" and isinstance(error, OSError)):
            what = f"the compressed file is cut or damaged: {_first_line(error)}"
            raise UserError(f"{name_of(self._path)}: {what}. Send it again whole.") from None
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{name_of(self._path)}: cannot be read: {error.strerror or error}.") from None
        if isinstance(error, _UNFIT):
            raise unfit(self._path, _first_line(error)) from None


def _first_line(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"its bytes are not {error.encoding}"
    # A library may quote the file's own text, which may be personal.
    text = (str(error).splitlines() or [type(error).__name__])[0]
    return text.split(": '", 1)[0].split(" near ", 1)[0][:200].rstrip(".")
