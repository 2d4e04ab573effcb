"""What a reader says when it refuses a file: one message, whatever the library below it raised."""

from __future__ import annotations

import csv
import gzip
import re
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from huitou.errors import HuitouError, UserError

_CUT = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, ElementTree.ParseError)
_NAME = re.compile(r"[^\W\d][\w .-]{0,60}")
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


def require(path: Path, have: Iterable[str], columns: list[str]) -> None:
    """Raise ``UserError`` where a table lacks one of ``columns``."""
    names = list(have)
    missing = [name for name in columns if name not in names]
    if not missing:
        return
    raise UserError(
        f"{name_of(path)}: it has no column {missing[0]!r}. {_account(names, columns)} "
        "Mend the file, or map the column in the feed file."
    )


def _account(names: list[str], columns: list[str]) -> str:
    """What there is instead; a first line that is none of names may be somebody's data and is not repeated."""
    if len(names) == 1 and any(mark in names[0] for mark in ",;\t|"):
        return "Its first line is one value. Is files.delimiter right?"
    if set(names) & set(columns) or all(_NAME.fullmatch(name) for name in names):
        return f"It has: {', '.join(names)[:500]}."
    return "Its first line has none of the columns that are mapped. Is it a line of names?"


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
