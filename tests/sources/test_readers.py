"""Readers: what of a file is a row, on which line it began, and which files are refused whole."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.errors import UserError
from huitou.sources.feeds import FilesSpec
from huitou.sources.readers import TextBatch, read_batches, read_columns

CSV = FilesSpec(path="x.csv", format="csv")
JSONL = FilesSpec(path="x.jsonl", format="jsonl")


def read(path: Path, spec: FilesSpec, columns: list[str]) -> list[TextBatch]:
    return list(read_batches(path, spec, columns))


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
        pytest.param(b'a,b\n1,"2\n', "a quoted value is never closed", id="open quote"),
        pytest.param(b"", "no header line", id="empty"),
        pytest.param(b"a,a\n1,2\n", "names column 'a' twice", id="column twice"),
        pytest.param(b"a,b\n1,\xff\xfe\n", "cannot be read as its feed file says", id="not utf-8"),
    ],
)
def test_csv_is_refused_whole_when_it_is_cut_or_not_what_it_says(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "0-x.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says):
        read(path, CSV, ["a"])


def test_a_compressed_file_is_refused_when_it_is_cut_anywhere(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 500)
    for length in range(1, len(whole) - 1, 7):
        path = tmp_path / "0-x.csv.gz"
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut or damaged|no header"):
            read(path, CSV, ["a"])


def test_csv_reads_another_encoding_and_delimiter_when_declared(tmp_path: Path) -> None:
    path = tmp_path / "0-x.csv"
    path.write_bytes("编号;备注\n1;你好\n".encode("gb18030"))
    spec = FilesSpec(path="x", format="csv", encoding="gb18030", delimiter=";")
    assert read_columns(path, spec) == ["编号", "备注"]
    assert rows_of(read(path, spec, ["备注"]), "备注") == [(2, "你好")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "0-x.csv"
    path.write_bytes("\ufeffa,b\n1,2\n".encode())
    assert rows_of(read(path, CSV, ["a"]), "a") == [(2, "1")]


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
