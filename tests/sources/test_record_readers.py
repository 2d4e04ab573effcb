"""Readers of records: JSON Lines, JSON documents, Parquet and workbooks."""

from __future__ import annotations

import datetime
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

from factories.reading import bad_of, read, rows_of, write
from huitou.errors import UserError
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers import json_array, read_columns

JSONL = FilesSpec(path="x.jsonl", format="jsonl")
ORDERS = FilesSpec(path="x.json", format="json", records="data.orders")
LINES = FilesSpec(path="x.json", format="json", records="data.orders", explode="items")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
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
