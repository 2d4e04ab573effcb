"""Parquet: typed columns become the text that they would be written as."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers.batch import MOST_NOT_TEXT, BadRow, TextBatch, as_text
from huitou.sources.readers.refusal import cut, require, unfit

BATCH_ROWS = 20_000
BATCH_BYTES = 16 << 20
BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of a Parquet file; a field within a struct is named by its dotted path."""
    # Buffered: without it a column of a whole row group is in memory at once.
    if path.stat().st_size == 0:
        raise cut(path, "it is empty")
    with pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
        names = _names(file.schema_arrow, columns)
        require(path, names, columns)
        if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
            raise unfit(path, "it has two columns of one name")
        chosen = sorted({_top(name, file.schema_arrow) for name in columns})
        at = 1
        for record in file.iter_batches(batch_size=_batch_rows(file.metadata), columns=chosen):
            count = record.num_rows
            lines = np.arange(at, at + count, dtype=np.int64)
            yield _batch(path, {name: _column(record, name) for name in columns}, lines, names)
            at += count
        if at == 1:
            nothing = {name: pa.array([], pa.string()) for name in columns}
            yield TextBatch(nothing, np.zeros(0, dtype=np.int64), names=names)


def _batch_rows(metadata: Any) -> int:
    """As many rows as fit a batch, by the file's own account of their size."""
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    fitting: int = BATCH_BYTES * metadata.num_rows // max(size, 1)
    return max(1, min(BATCH_ROWS, fitting))


def _names(schema: Any, columns: list[str]) -> tuple[str, ...]:
    """The columns; of a struct that the mapping looks into, its fields."""
    opened = {".".join(name.split(".")[:n]) for name in columns if name not in schema.names for n in range(1, 9)}
    names: list[str] = []
    waiting = [(field.name, field.type) for field in schema]
    while waiting:
        name, kind = waiting.pop(0)
        if name in opened and pa.types.is_struct(kind):
            waiting += [(f"{name}.{kind.field(i).name}", kind.field(i).type) for i in range(kind.num_fields)]
            names += [name] if name in columns else []
        else:
            names.append(name)
    return tuple(names)


def _top(name: str, schema: Any) -> str:
    return name if name in schema.names else name.split(".")[0]


def _column(record: pa.RecordBatch, name: str) -> pa.Array:
    if name in record.schema.names:
        return record.column(name)
    first, *rest = name.split(".")
    return pc.struct_field(record.column(first), rest)


def _batch(path: Path, sent: dict[str, pa.Array], lines: np.ndarray, names: tuple[str, ...]) -> TextBatch:
    """The columns as text; a row with a value that is no text is set aside."""
    made = {name: _texts(values) for name, values in sent.items()}
    wrong = {int(at): name for name, (_, where) in made.items() for at in where}
    columns = {name: values for name, (values, _) in made.items()}
    if len(wrong) > MOST_NOT_TEXT * len(lines):
        raise unfit(path, f"the bytes of column {min(wrong.values())!r} are not utf-8")
    bad = [BadRow(int(lines[at]), f"not_text:{wrong[at]}", _as_sent(sent, at)) for at in sorted(wrong)]
    if wrong:
        keep = np.ones(len(lines), dtype=bool)
        keep[list(wrong)] = False
        columns = {name: values.filter(pa.array(keep)) for name, values in columns.items()}
        lines = lines[keep]
    return TextBatch(columns, lines, bad, names, records=len(lines) + len(bad))


def _as_sent(sent: dict[str, pa.Array], at: int) -> str:
    values = [_readable(values[at : at + 1]) for values in sent.values()]
    return "\t".join(values)


def _readable(one: pa.Array) -> str:
    if pa.types.is_string(one.type) or pa.types.is_large_string(one.type):
        one = one.view(pa.binary() if pa.types.is_string(one.type) else pa.large_binary())
    value = one.to_pylist()[0]
    return (
        value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str("" if value is None else value)
    )


def _texts(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    """(the values as strings, which of them are no text and became null)."""
    if pa.types.is_string(values.type):
        # The format does not hold its writer to UTF-8, and Arrow does not look.
        values = values.view(pa.binary())
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        return as_text(values)
    return _written_out(values), np.zeros(0, dtype=np.int64)


def _written_out(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except pa.ArrowNotImplementedError:
        # Lists and structs have no text of their own.
        return pa.array([None if v is None else _written(v) for v in values.to_pylist()], pa.string())


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
