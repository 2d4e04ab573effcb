"""Readers: what of a file is a row, on which line it began, and which files are refused whole."""

from __future__ import annotations

import codecs
import datetime
import gzip
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from huitou.errors import TransientError, UserError
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers import TextBatch, json_array, read_batches, read_columns

CSV = FilesSpec(path="x.csv", format="csv")
JSONL = FilesSpec(path="x.jsonl", format="jsonl")
ORDERS = FilesSpec(path="x.json", format="json", records="data.orders")
LINES = FilesSpec(path="x.json", format="json", records="data.orders", explode="items")
DOCUMENT: dict[str, Any] = {
    "meta": {"pages": [1, 2], "note": "a ] and a } in text"},
    "data": {
        "total": 3,
        "orders": [
            {"id": "o1", "shipping": {"address": {"city": "上海", "floor": 3}}, "items": [{"sku": "a"}, {"sku": "b"}]},
            {"id": "o2", "items": []},
            {"id": "o3", "shipping": None, "items": [{"sku": "c", "gift": True}]},
        ],
        "next": None,
    },
}


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


def test_json_lines_keep_digits_and_set_bad_records_aside(tmp_path: Path) -> None:
    path = tmp_path / "0-x.jsonl"
    path.write_text('{"a": 1.10, "b": true}\nnot json\n\n[1]\n{"a": null, "b": {"c": 1}}\n', encoding="utf-8")
    batches = read(path, JSONL, ["a", "b"])
    assert rows_of(batches, "a") == [(1, "1.10"), (5, None)]
    assert rows_of(batches, "b") == [(1, "true"), (5, json.dumps({"c": "1"}))]
    assert [bad.line for batch in batches for bad in batch.bad] == [2, 4]


def test_json_lines_are_refused_when_the_last_record_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "0-x.jsonl"
    path.write_text('{"a": 1}\n{"a": ', encoding="utf-8")
    with pytest.raises(UserError, match="its last record has no end"):
        read(path, JSONL, ["a"])


def test_parquet_values_become_the_text_they_would_be_written_as(tmp_path: Path) -> None:
    path = tmp_path / "0-x.parquet"
    table = pa.table(
        {"n": pa.array([1, None]), "m": pa.array(["1.50", "2"]).cast(pa.decimal128(10, 2)), "s": ["甲", "b"]}
    )
    pq.write_table(table, path)
    batches = read(path, FilesSpec(path="x", format="parquet"), ["n", "m", "s"])
    assert rows_of(batches, "n") == [(1, "1"), (2, None)]
    assert rows_of(batches, "m") == [(1, "1.50"), (2, "2.00")]


def test_json_lines_tell_every_name_of_the_file_when_records_differ(tmp_path: Path) -> None:
    lines = b'{"a": 1, "c": {"d": 1}}\r\n{"a": 2, "b": 1}\n{"c": {"e": {}}}\n'
    batches = read(write(tmp_path, "x.jsonl", lines), JSONL, ["a", "c.d"])
    assert batches[-1].names == ("a", "c.d", "b", "c.e")
    assert rows_of(batches, "c.d") == [(1, "1"), (2, None), (3, None)]


def test_names_that_are_no_text_are_told_as_text_and_in_bounds(tmp_path: Path) -> None:
    lines = b'{"\xff": 1, "\\ud800": 2, "a\\u0000b": 3}\n' + b"".join(b'{"k%d": 1}\n' % n for n in range(2000))
    names = read(write(tmp_path, "x.jsonl", lines), JSONL, [])[-1].names
    assert names[:4] == ("\\udcff", "\\ud800", "a\ufffdb", "k0")
    assert len(names) == 1000


def test_a_json_line_that_is_no_text_is_set_aside_as_sent(tmp_path: Path) -> None:
    lines = b'{"a": "x"}\n' * 20 + b'{"a": "\\ud800"}\n{"a": "\xff"}\n' + b"[" * 100_000 + b"\n"
    batches = read(write(tmp_path, "x.jsonl", lines), JSONL, ["a"])
    assert len(rows_of(batches, "a")) == 20
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [
        (21, "not_text:record"),
        (22, "not_text:record"),
        (23, "not_a_row:not a JSON object"),
    ]
    assert bad_of(batches)[1][2] == '{"a": "\\udcff"}'


def test_nested_values_are_named_by_their_path_when_records_are_in_a_list(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", json.dumps(DOCUMENT).encode())
    batches = read(path, ORDERS, ["id", "shipping.address.city"])
    assert rows_of(batches, "id") == [(1, "o1"), (2, "o2"), (3, "o3")]
    assert rows_of(batches, "shipping.address.city") == [(1, "上海"), (2, None), (3, None)]
    assert set(batches[-1].names) == {"id", "items", "shipping.address.city", "shipping.address.floor"}


def test_each_item_is_a_row_beside_its_order_when_a_list_is_exploded(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", json.dumps(DOCUMENT).encode())
    batches = read(path, LINES, ["sku", "gift", "parent.id", "parent.shipping.address.city"])
    assert rows_of(batches, "sku") == [(1, "a"), (2, "b"), (3, "c")]
    assert rows_of(batches, "gift") == [(1, None), (2, None), (3, "true")]
    assert rows_of(batches, "parent.id") == [(1, "o1"), (2, "o1"), (3, "o3")]
    assert rows_of(batches, "parent.shipping.address.city") == [(1, "上海"), (2, "上海"), (3, None)]
    assert batches[-1].names == ("sku", "gift")
    assert sum(batch.records for batch in batches) == 3


def test_items_that_are_no_objects_are_set_aside_and_the_others_kept(tmp_path: Path) -> None:
    lines = b'{"id": 1, "items": [{"sku": "a"}, 5]}\n{"id": 2, "items": "none"}\n{"items": [{"sku": "b"}]}\n'
    spec = JSONL.model_copy(update={"explode": "items"})
    batches = read(write(tmp_path, "x.jsonl", lines), spec, ["sku"])
    assert rows_of(batches, "sku") == [(1, "a"), (4, "b")]
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [
        (2, "not_a_row:items holds what is not an object"),
        (3, "not_a_row:items is not a list"),
    ]


def test_a_json_document_is_refused_when_it_is_cut_anywhere(tmp_path: Path) -> None:
    whole = json.dumps(DOCUMENT, ensure_ascii=False).encode()
    for length in range(len(whole)):
        with pytest.raises(UserError, match="cut"):
            read(write(tmp_path, "x.json", whole[:length]), ORDERS, ["id"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"data": {"orders": {}}}', "no list at data.orders"),
        (b'{"data": {"rows": []}}', "no list at data.orders"),
        (b"[]", "no list at data.orders"),
        (b'{"data": {"orders": [{"id": 1} {"id": 2}]}}', "broken, after record 1 of its list"),
        (b'{"data": {"orders": [{"id": 1}]}} {}', "text follows the end"),
        (b'{"data": {"orders": [' + b"[" * 100_000, "nested too deep"),
    ],
)
def test_a_json_document_is_refused_when_it_is_not_what_it_says(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read(write(tmp_path, "x.json", content), ORDERS, ["id"])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON_VALUES)), JSON_VALUES, st.integers(1, 64))
def test_a_json_document_reads_the_same_however_its_bytes_arrive(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], beside: Any, chunk: int
) -> None:
    document = {"x": beside, "data": {"y": beside, "orders": records, "z": beside}}
    content = json.dumps(document, ensure_ascii=False, indent=chunk % 3 or None).encode("utf-8", "surrogatepass")
    path = write(tmp_path_factory.mktemp("json"), "x.json", content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK_BYTES", chunk)
        batches = read(path, ORDERS, ["a"])
    expected = [json.loads(json.dumps(r), parse_int=str, parse_float=str).get("a") for r in records]
    values = [value for _, value in rows_of(batches, "a")]
    assert [json.loads(v) if isinstance(e, list | dict) else v for v, e in zip(values, expected, strict=True)] == [
        {True: "true", False: "false"}[e] if isinstance(e, bool) else e for e in expected
    ]


def test_parquet_reads_within_structs_and_writes_lists_as_json(tmp_path: Path) -> None:
    path = tmp_path / "0-x.parquet"
    address = {"city": "上海", "floor": 3}
    pq.write_table(pa.table({"ship": [{"to": address}, None], "tags": [["a", "b"], None], "n": [1.5, None]}), path)
    spec = FilesSpec(path="x", format="parquet")
    batches = read(path, spec, ["ship.to.city", "tags", "n"])
    assert rows_of(batches, "ship.to.city") == [(1, "上海"), (2, None)]
    assert rows_of(batches, "tags") == [(1, '["a", "b"]'), (2, None)]
    assert set(batches[0].names) == {"ship.to.city", "ship.to.floor", "tags", "n"}
    with pytest.raises(UserError, match=r"has no column 'ship\.from'"):
        read(path, spec, ["ship.from"])


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.string()])
def test_a_row_of_parquet_whose_bytes_are_no_text_is_set_aside_alone(tmp_path: Path, kind: pa.DataType) -> None:
    sent = pa.array([b"o1", b"\xff\xfe", "上".encode()] + [b"x"] * 20, pa.binary())
    values = sent.view(kind) if pa.types.is_string(kind) else sent.cast(kind)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": values, "b": pa.array(range(23))}), buffer)
    batches = read(write(tmp_path, "x.parquet", buffer.getvalue()), FilesSpec(path="x", format="parquet"), ["a", "b"])
    assert rows_of(batches, "a")[:2] == [(1, "o1"), (3, "上")]
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [(2, "not_text:a")]
    assert sum(batch.records for batch in batches) == 23


def test_parquet_is_refused_when_it_is_cut_anywhere(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(50))}), buffer)
    whole = buffer.getvalue()
    for length in range(1, len(whole), 9):
        with pytest.raises(UserError, match="cannot be read as its feed file says"):
            read(write(tmp_path, "x.parquet", whole[:length]), FilesSpec(path="x", format="parquet"), ["a"])


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["not", "this", "one"])
    sheet = book.create_sheet("订单")
    sheet.append(["id", "when", "day", "amount", "paid", None])
    sheet.append(["o1", datetime.datetime(2026, 11, 20, 10, 30), datetime.date(2026, 11, 20), 19.9, True])
    sheet.append([None, None, None])
    sheet.append([2, "2026-11-20", datetime.date(1999, 12, 31), 1e5, False])
    sheet.append(["o3", None, None, 0.1, None, None, "beyond the header"])
    sheet["C2"].number_format = "yyyy-mm-dd"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize("sheet", ["订单", 2])
def test_excel_gives_the_text_of_a_sheets_cells(tmp_path: Path, sheet: str | int) -> None:
    path = write(tmp_path, "x.xlsx", workbook())
    spec = FilesSpec(path="x.xlsx", format="excel", sheet=sheet)
    assert read_columns(path, spec) == ["id", "when", "day", "amount", "paid"]
    batches = read(path, spec, ["id", "when", "day", "amount", "paid"])
    assert rows_of(batches, "id") == [(2, "o1"), (4, "2")]
    assert rows_of(batches, "when") == [(2, "2026-11-20 10:30:00"), (4, "2026-11-20")]
    assert rows_of(batches, "day") == [(2, "2026-11-20"), (4, "1999-12-31")]
    assert rows_of(batches, "amount") == [(2, "19.9"), (4, "100000")]
    assert rows_of(batches, "paid") == [(2, "true"), (4, "false")]
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [(5, "not_a_row:7 values for 5 columns")]


def saved(book: openpyxl.Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_row_of_a_workbook_is_set_aside_when_a_formula_has_no_saved_value(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "amount", "note"])
    book.active.append(["o1", 2, None])
    book.active.append(["o2", "=B2*2", None])  # written by a library: nobody worked it out
    book.active.append(["o3", 3, "=B2"])  # a column that nobody asked for
    batches = read(write(tmp_path, "x.xlsx", saved(book)), FilesSpec(path="x", format="excel"), ["id", "amount"])
    assert rows_of(batches, "amount") == [(2, "2"), (4, "3")]
    assert bad_of(batches) == [(3, "not_computed:amount", "o2\t")]


def test_a_formula_gives_its_saved_value_even_where_that_is_no_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "amount", "note"])
    book.active.append(["o1", "=1+1", '=""'])
    content = {}
    with zipfile.ZipFile(io.BytesIO(saved(book))) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    sheet = content["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r"(<f>1\+1</f>)<v\s*/?>(</v>)?", r"\1<v>2</v>", sheet)
    sheet = re.sub(r'<c r="C2"([^>]*)>', r'<c r="C2" t="str">', sheet)
    content["xl/worksheets/sheet1.xml"] = sheet.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    spec = FilesSpec(path="x", format="excel")
    batches = read(write(tmp_path, "x.xlsx", target.getvalue()), spec, ["id", "amount", "note"])
    assert bad_of(batches) == []
    assert rows_of(batches, "amount") == [(2, "2")]
    assert rows_of(batches, "note") == [(2, None)]


def test_a_row_of_a_workbook_is_set_aside_when_excel_has_rounded_its_number(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "other"])
    book.active.append(["202611200000012345", 1e17])  # as text an id keeps its digits
    book.active.append([2.0261120000001235e17, 1])
    batches = read(write(tmp_path, "x.xlsx", saved(book)), FilesSpec(path="x", format="excel"), ["id"])
    assert rows_of(batches, "id") == [(2, "202611200000012345")]
    assert [(line, reason) for line, reason, _ in bad_of(batches)] == [(3, "not_exact:id")]


def test_a_date_beyond_the_calendar_is_no_warning_on_the_terminal(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    book = openpyxl.Workbook()
    book.active.append(["when"])
    book.active.append([1e12])
    book.active["A2"].number_format = "yyyy-mm-dd"
    batches = read(write(tmp_path, "x.xlsx", saved(book)), FilesSpec(path="x", format="excel"), ["when"])
    assert rows_of(batches, "when") == [(2, "#VALUE!")]
    assert not recwarn.list


def test_excel_is_refused_when_it_is_cut_or_lacks_what_is_asked_for(tmp_path: Path) -> None:
    whole, spec = workbook(), FilesSpec(path="x.xlsx", format="excel", sheet=2)
    for length in range(1, len(whole) - 1, 97):
        with pytest.raises(UserError, match=r"no \.xlsx workbook, or is cut"):
            read(write(tmp_path, "x.xlsx", whole[:length]), spec, ["id"])
    path = write(tmp_path, "x.xlsx", whole)
    with pytest.raises(UserError, match=r"no sheet 3\. Its sheets are: Sheet, 订单"):
        read(path, spec.model_copy(update={"sheet": 3}), ["id"])
    with pytest.raises(UserError, match=r"has no column 'id'\. It has: not, this, one"):
        read(path, spec.model_copy(update={"sheet": None}), ["id"])


def test_a_file_is_refused_when_it_has_other_than_the_rows_that_were_promised(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n1,2\n3\n")
    assert len(list(read_batches(path, CSV, ["a"], rows=2))) > 0
    with pytest.raises(TransientError, match="says 3 rows and it has 2"):
        list(read_batches(path, CSV, ["a"], rows=3))


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
