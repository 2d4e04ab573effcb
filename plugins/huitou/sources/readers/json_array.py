"""A JSON document with its records in one list, read as a stream: never more of it in memory than one record needs."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huitou.errors import UserError
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import TextBatch
from huitou.sources.readers.json_records import DECODER, Rows
from huitou.sources.readers.refusal import cut, name_of, unfit
from huitou.sources.readers.text import CHUNK_BYTES, Utf8Stream, open_text

MOST_VALUE_CHARACTERS = 16 << 20
_NUMBER_REST = re.compile(r"[-+.0-9eE]*")
_SPACE = re.compile(r"[ \t\r\n]*")


def read_json(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The records of the list at ``spec.records``; a row's line is its number in the list.

    Raises ``UserError`` for a document that is cut, is not JSON or has no such list.
    """
    with open_text(path, spec) as stream:
        rows = Rows(path, spec, columns, stream.encoding)
        document = _Document(path, stream)
        for number, (value, text) in enumerate(document.records(spec.records), start=1):
            rows.add(value, number, text)
            if rows.full:
                yield rows.batch()
        yield rows.batch()


class _Document:
    """Walks down to the list and along it, value by value."""

    def __init__(self, path: Path, stream: Utf8Stream) -> None:
        self._path, self._stream = path, stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._ended = False
        self._taken = 0

    def records(self, where: str | None) -> Iterator[tuple[Any, str]]:
        """Every (value, its text) of the list; the rest of the document is read to its end."""
        steps = where.split(".") if where else []
        if not self._next():
            raise cut(self._path, "it is empty")
        for step in steps:
            self._enter(step, where or "")
        if self._next() != "[":
            raise self._no_list(where)
        self._at += 1
        if self._next() == "]":
            self._at += 1
        else:
            yield self._record()
            while self._separator("]"):
                yield self._record()
        for _ in steps:
            while self._separator("}"):
                self._pair()
        if self._next():
            raise unfit(self._path, "text follows the end of its JSON")

    def _enter(self, key: str, where: str) -> None:
        if self._next() != "{":
            raise self._no_list(where)
        self._at += 1
        if self._next() == "}":
            raise self._no_list(where)
        while self._key() != key:
            self._value()
            if not self._separator("}"):
                raise self._no_list(where)

    def _record(self) -> tuple[Any, str]:
        value = self._value()
        self._taken += 1
        return value

    def _pair(self) -> None:
        self._key()
        self._value()

    def _key(self) -> str:
        key, _ = self._value()
        if not isinstance(key, str) or self._next() != ":":
            raise self._broken()
        self._at += 1
        return key

    def _separator(self, end: str) -> bool:
        """Step over a comma (true) or the end of what is being read (false)."""
        mark = self._next()
        if mark not in (",", end):
            raise self._broken()
        self._at += 1
        return mark == ","

    def _next(self) -> str:
        """The next character that is no space; empty at the end of the document."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> tuple[Any, str]:
        self._next()
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise unfit(self._path, "its JSON is nested too deep") from None
            except ValueError:
                if not self._more():
                    raise self._broken() from None
                continue
            # A number at the edge of what was read may go on.
            rest = _NUMBER_REST.match(self._text, end)
            if rest and rest.end() == len(self._text) and self._more():
                continue
            text, self._at = self._text[self._at : end], end
            return value, text

    def _more(self) -> bool:
        """Read on, dropping what was used; twice as much each time, so that a long value is not read over and over."""
        if self._ended:
            return False
        self._text, self._at = self._text[self._at :], 0
        if len(self._text) > MOST_VALUE_CHARACTERS:
            raise unfit(
                self._path,
                f"{self._where()} a value is broken, or longer than {MOST_VALUE_CHARACTERS >> 20} Mi characters",
            )
        data = self._stream.read(max(CHUNK_BYTES, len(self._text)))
        self._ended = not data
        self._text += self._decoder.decode(data, final=self._ended)
        return True

    def _broken(self) -> UserError:
        return UserError(
            f"{name_of(self._path)}: the file is cut, or its JSON is broken, {self._where()}. "
            "Nothing of it was loaded; send it again whole."
        )

    def _where(self) -> str:
        return f"after record {self._taken:,} of its list" if self._taken else "before the first record of its list"

    def _no_list(self, where: str | None) -> UserError:
        if not self._next():
            return self._broken()
        place = f"at {where}" if where else "at its top; if the list is within an object, say files.records"
        return UserError(f"{name_of(self._path)}: the document has no list {place}.")
