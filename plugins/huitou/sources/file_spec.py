"""The `files` connector's part of a feed file: which files, and how their bytes become rows of text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from huitou.yaml_files import Strict

DATE_MARK = "{business_date}"
DETECT = "detect"
PACKED = (".gz", ".zst")


def _known_encoding(name: str) -> str:
    try:
        # Codecs that turn bytes into bytes have names too; only text can be read.
        "".encode(name)
    except (LookupError, UnicodeError):
        if name != DETECT:
            raise ValueError(
                f"{name!r} is not an encoding. Use utf-8, gb18030, gbk, utf-16 or any that Python knows, or {DETECT}"
            ) from None
    return name


def _dotted(path: str | None) -> str | None:
    if path is not None and not all(path.split(".")):
        raise ValueError(f"{path!r} is not a path: write names with one dot between them, for example data.orders")
    return path


Encoding = Annotated[str, AfterValidator(_known_encoding)]
DottedPath = Annotated[str | None, AfterValidator(_dotted)]


class FilesSpec(Strict):
    """The `files` connector: one file a night, or one file that holds all dates.

    ``records`` and ``explode`` are paths within JSON; ``unpack_limit`` is the most bytes that one byte of a
    compressed file may become.
    """

    path: str
    format: Literal["csv", "jsonl", "json", "parquet", "excel"]
    encoding: Encoding = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    date_column: str | None = None
    final_newline: bool = True
    optional: bool = False
    records: DottedPath = None
    explode: DottedPath = None
    sheet: str | int | None = Field(None, description="A sheet's name, or its number counted from 1.")
    control: str | None = None
    unpack_limit: int = Field(200, ge=1)

    @property
    def is_dated(self) -> bool:
        """The path names the business date: one file a night."""
        return DATE_MARK in self.path

    @property
    def may_omit(self) -> bool:
        """A record may leave out what it has no value for, as in JSON; a table must have every column."""
        return self.format in ("jsonl", "json")

    @model_validator(mode="after")
    def _keys_fit_the_format(self) -> FilesSpec:
        fitting = {"records": ("json",), "explode": ("json", "jsonl"), "sheet": ("excel",)}
        for key, formats in fitting.items():
            if getattr(self, key) is not None and self.format not in formats:
                raise ValueError(f"{key} is only for format {' or '.join(formats)}, not for {self.format}")
        if self.format in ("parquet", "excel") and self.path.endswith(PACKED):
            raise ValueError(f"{self.format} is compressed in itself: take {self.path.rpartition('.')[2]} off the path")
        if isinstance(self.sheet, int) and self.sheet < 1:
            raise ValueError("sheet: sheets are counted from 1")
        return self
