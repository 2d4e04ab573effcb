"""Readers: what of a file is a row, on which line it began, and which files are refused whole."""

from __future__ import annotations

import codecs
import gzip
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factories.reading import bad_of, read, rows_of, write
from huitou.errors import UserError
from huitou.sources.file_spec import FilesSpec

JSONL = FilesSpec(path="x.jsonl", format="jsonl")
CSV = FilesSpec(path="x.csv", format="csv")


def test_each_row_knows_its_line_when_values_break_lines(tmp_path: Path) -> None:
    path = tmp_path / "0-x.csv"
    path.write_bytes(b'a,b\n1,"two\nlines"\nshort\n2,"x"\n3,4,5\n4,"y\n\nz"\n5,end\n')
    batches = read(path, CSV, ["a"])
    assert rows_of(batches, "a") == [(2, "1"), (5, "2"), (7, "4"), (10, "5")]
    assert [(bad.line, bad.text) for batch in batches for bad in batch.bad] == [(4, "short"), (6, "3,4,5")]


@given(
    st.lists(
        st.lists(
            st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=20,
    )
)
def test_csv_gives_back_every_value_when_it_is_quoted(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "0-x.csv"
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    path.write_bytes(("a,b\n" + "".join(line + "\n" for line in quoted)).encode())
    batches = read(path, CSV, ["a", "b"])
    assert [value for _, value in rows_of(batches, "a")] == [row[0] for row in rows]
    assert [value for _, value in rows_of(batches, "b")] == [row[1] for row in rows]
    text = path.read_text(encoding="utf-8").split("\n")
    for line, value in rows_of(batches, "a"):
        assert text[line - 1].startswith('"' + value.replace('"', '""').split("\n")[0])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"a,b\n1,2\n3,4", "its last line has no end", id="no final newline"),
        pytest.param(b'a,b\n1,"2\n', "a quoted value is never closed", id="open quote in the last column"),
        pytest.param(b'a,b\n1,2\n"3,4\n5,6\n', "a quoted value is never closed", id="open quote takes the rest"),
        pytest.param(b"", "it is empty", id="empty"),
        pytest.param(b"a,b", "its header line has no end", id="cut header"),
        pytest.param(b"a,a\n1,2\n", "the same name for columns 1 and 2", id="column twice"),
        pytest.param(b"a,b\n1,\xff\xfe\n", "its bytes are not utf-8", id="not utf-8"),
        pytest.param("甲,b\n1,2\n".encode("gb18030"), "line 1 is not utf-8", id="header not utf-8"),
        pytest.param(b"a;b\n1;2\n", r"has no column 'a'.*Is files.delimiter right", id="other delimiter"),
        pytest.param("a,b\n".encode("utf-16-le"), "if it is UTF-16, say files.encoding", id="utf-16 without a mark"),
        pytest.param("a,b\n".encode("utf-16"), "the mark of utf-16-le, and files.encoding is utf-8", id="other mark"),
    ],
)
def test_csv_is_refused_whole_when_it_is_cut_or_not_what_it_says(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(write(tmp_path, "x.csv", content), CSV, ["a", "b"])


def test_a_file_without_a_header_is_refused_without_a_word_of_its_first_row(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "o1,张三,13800138000\no2,李四,13900139000\n".encode())
    with pytest.raises(UserError, match=r"no column 'a'\. Its first line has none of the columns") as refusal:
        read(path, CSV, ["a"])
    assert not any(value in str(refusal.value) for value in ("o1", "张三", "13800138000"))


def test_a_stray_quote_is_a_character_and_no_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b'a,b\n1,5" disk\n7"\n2,x\n')
    batches = read(path, CSV, ["a", "b"])
    assert rows_of(batches, "b") == [(2, '5" disk'), (4, "x")]
    assert [line for line, _, _ in bad_of(batches)] == [3]


def test_a_blank_line_is_a_row_of_nothing_and_moves_no_other(tmp_path: Path) -> None:
    batches = read(write(tmp_path, "x.csv", b"a,b\n1,2\n\n3,4\n"), CSV, ["a"])
    assert rows_of(batches, "a") == [(2, "1"), (3, ""), (4, "3")]


def test_a_row_longer_than_a_block_is_read_once_with_the_rows_around_it(tmp_path: Path) -> None:
    cell = b"x" * (10 << 20)
    path = write(tmp_path, "x.csv", b"a,b\n" + b"1,2\n" * 1_100_000 + b"3," + cell + b"\n4\n5,6\n")
    batches = read(path, CSV, ["a", "b"])
    rows = rows_of(batches, "a")
    assert [line for line, _ in rows] == [*range(2, 1_100_003), 1_100_004]
    assert [len(value) for _, value in rows_of(batches, "b")[-2:]] == [len(cell), 1]
    assert [line for line, _, _ in bad_of(batches)] == [1_100_003]


def test_a_row_longer_than_any_block_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n1," + b"x" * (40 << 20) + b"\n" + b"2,3\n" * 100)
    with pytest.raises(UserError, match="a row is longer than 12 MiB"):
        read(path, CSV, ["a"])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_row_whose_bytes_are_no_text_is_set_aside_alone(tmp_path: Path, encoding: str) -> None:
    good = "1,好\n".encode(encoding)
    path = write(tmp_path, "x.csv", b"a,b\n" + good * 20 + b"2,\xff\xff\n" + good)
    batches = read(path, CSV.model_copy(update={"encoding": encoding}), ["a", "b"])
    assert [line for line, _ in rows_of(batches, "b")] == [*range(2, 22), 23]
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [(22, "not_text:b")]


def test_a_file_of_which_nothing_is_a_row_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n" + b"1;2\n" * 100_001)
    with pytest.raises(UserError, match="more than 100,000 of its lines are not rows"):
        read(path, CSV, ["a"])


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_file_is_refused_when_it_is_cut_anywhere(tmp_path: Path, suffix: str) -> None:
    whole = packed(b"a,b\n" + b"1,2\n" * 500, suffix)
    assert len(rows_of(read(write(tmp_path, f"x.csv{suffix}", whole), CSV, ["a"]), "a")) == 500
    for length in range(len(whole)):
        with pytest.raises(UserError, match=r"cut|no header"):
            read(write(tmp_path, f"x.csv{suffix}", whole[:length]), CSV, ["a"])


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, f"x.csv{suffix}", packed(b"a,b\n" + b"1,2\n" * (20 << 20), suffix))
    with pytest.raises(UserError, match="more than 100 times its size"):
        read(path, CSV.model_copy(update={"unpack_limit": 100}), ["a"])


def test_a_file_in_several_compressed_pieces_is_one(tmp_path: Path) -> None:
    for suffix in (".gz", ".zst"):
        pieces = packed(b"a,b\n1,2\n", suffix) + packed(b"3,4\n", suffix)
        assert rows_of(read(write(tmp_path, f"x.csv{suffix}", pieces), CSV, ["a"]), "a") == [(2, "1"), (3, "3")]


def packed(data: bytes, suffix: str) -> bytes:
    return gzip.compress(data) if suffix == ".gz" else pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize(
    ("declared", "content", "found"),
    [
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", "utf-8-sig", "utf-8"),
        ("gbk", "gbk", "gbk"),
        ("gb18030", "gb18030", "gb18030"),
        ("utf-16", "utf-16", "utf-16-le"),
        ("utf-16", "utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be", "utf-16-be"),
        ("detect", "utf-8", "utf-8"),
        ("detect", "utf-8-sig", "utf-8"),
        ("detect", "gb18030", "gb18030"),
        ("detect", "utf-16", "utf-16-le"),
        ("detect", "utf-16-le", "utf-16-le"),
        ("detect", "utf-16-be", "utf-16-be"),
        ("utf-16", "utf-16-be", "utf-16-be"),
    ],
)
def test_text_reads_the_same_when_its_encoding_is_declared_or_detected(
    tmp_path: Path, declared: str, content: str, found: str
) -> None:
    # U+5122 has a byte of value 0x22, a quote, in UTF-16.
    text = '编号;备注\n1;你好儢\n2;"两\n行"\n'
    spec = FilesSpec(path="x", format="csv", encoding=declared, delimiter=";")
    batches = read(write(tmp_path, "x.csv", text.encode(content)), spec, ["备注"])
    assert rows_of(batches, "备注") == [(2, "你好儢"), (3, "两\n行")]
    assert {batch.encoding for batch in batches} == {found}
    assert batches[0].names == ("编号", "备注")


def test_a_big_endian_mark_is_obeyed(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", codecs.BOM_UTF16_BE + "a,b\n1,你\n".encode("utf-16-be"))
    spec = CSV.model_copy(update={"encoding": "utf-16"})
    assert rows_of(read(path, spec, ["b"]), "b") == [(2, "你")]


def test_detection_refuses_what_fits_no_encoding(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n1,\xff\xff\n")
    with pytest.raises(UserError, match="neither UTF-8 nor GB18030"):
        read(path, CSV.model_copy(update={"encoding": "detect"}), ["a"])


def test_a_stray_nul_does_not_make_a_file_utf_16(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n1,x\x00y\n2,a longer value than the first\n")
    batches = read(path, CSV.model_copy(update={"encoding": "detect"}), ["b"])
    assert batches[0].encoding == "utf-8"
    assert [line for line, _ in rows_of(batches, "b")] == [2, 3]


def test_a_mark_at_a_row_is_no_part_of_its_first_value_when_files_were_put_together(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", codecs.BOM_UTF8 + b"a,b\n1,2\n" + codecs.BOM_UTF8 + b'3,4\n5,"\xef\xbb\xbf6"\n')
    assert rows_of(read(path, CSV, ["a", "b"]), "a") == [(2, "1"), (3, "3"), (4, "5")]
    path = write(tmp_path, "x.jsonl", b'{"a": "1"}\n' + codecs.BOM_UTF8 + b'{"a": "2"}\n')
    assert rows_of(read(path, JSONL, ["a"]), "a") == [(1, "1"), (2, "2")]


@pytest.mark.parametrize("format_", ["csv", "jsonl", "json"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (gzip.compress(b"a\n1\n", mtime=0), "it is packed with gzip; its name must end in .gz"),
        (pa.compress(b"a\n1\n", codec="zstd", asbytes=True), "it is packed with zstd; its name must end in .zst"),
        (b"PK\x03\x04rest", "it is a zip file or a workbook"),
        (b"%PDF-1.7\n1 0 obj\n", "it is a PDF"),
        (b"<!DOCTYPE html><html><body>502, Bad Gateway</body></html>\n", "it is HTML or XML"),
        (b"<?xml version='1.0'?>\n<a/>\n", "it is HTML or XML"),
        (b"PAR1rest", "it is Parquet"),
    ],
    ids=["gzip", "zstd", "zip", "pdf", "html", "xml", "parquet"],
)
def test_a_file_of_another_kind_is_named_as_what_it_is(tmp_path: Path, format_: str, content: bytes, says: str) -> None:
    spec = FilesSpec.model_validate({"path": "x", "format": format_})
    with pytest.raises(UserError, match=re.escape(says)):
        read(write(tmp_path, f"x.{format_}", content), spec, ["a"])


@pytest.mark.parametrize(
    ("format_", "suffix"), [("csv", "csv"), ("json", "json"), ("parquet", "parquet"), ("excel", "xlsx")]
)
def test_an_empty_file_is_told_as_empty(tmp_path: Path, format_: str, suffix: str) -> None:
    spec = FilesSpec.model_validate({"path": "x", "format": format_})
    with pytest.raises(UserError, match="it is empty"):
        read(write(tmp_path, f"x.{suffix}", b""), spec, ["a"])


def test_text_cut_within_a_character_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "a,b\n1,你\n".encode("utf-16-le")[:-1])
    with pytest.raises(UserError, match="not utf-16-le"):
        read(path, CSV.model_copy(update={"encoding": "utf-16-le"}), ["a"])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"format": "csv", "explode": "items"}, "explode is only for format json or jsonl"),
        ({"format": "jsonl", "records": "data"}, "records is only for format json"),
        ({"format": "json", "records": "data..orders"}, "not a path"),
        ({"format": "excel", "sheet": 0}, "counted from 1"),
        ({"format": "parquet", "path": "x.parquet.gz"}, "compressed in itself"),
        ({"format": "csv", "encoding": "klingon"}, "'klingon' is not an encoding"),
        ({"format": "csv", "encoding": "base64"}, "'base64' is not an encoding"),
    ],
)
def test_a_spec_is_refused_when_its_keys_do_not_fit(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        FilesSpec.model_validate({"path": "x", **spec})
