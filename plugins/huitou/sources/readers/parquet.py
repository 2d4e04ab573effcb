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
from huitou.sources.readers.batch import TextBatch
from huitou.sources.readers.refusal import require, unfit

BATCH_ROWS = 20_000
BATCH_BYTES = 16 << 20
BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, spec: FilesSpec, columns: list[str]) -> Iterator[TextBatch]:
    """The rows of a Parquet file; a field within a struct is named by its dotted path."""
    # Buffered: without it a column of a whole row group is in memory at once.
    with pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
        names = _names(file.schema_arrow, columns)
        require(path, names, columns)
        if len(set(file.schema_arrow.names)) < len(file.schema_arrow.names):
            raise unfit(path, "it has two columns of one name")
        chosen = sorted({_top(name, file.schema_arrow) for name in columns})
        at = 1
        for record in file.iter_batches(batch_size=_batch_rows(file.metadata), columns=chosen):
            count = record.num_rows
            arrays = {name: _texts(_column(record, name)) for name in columns}
            yield TextBatch(arrays, np.arange(at, at + count, dtype=np.int64), names=names, records=count)
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


def _texts(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except pa.ArrowNotImplementedError:
        # Lists and structs have no text of their own.
        return pa.array([None if v is None else _written(v) for v in values.to_pylist()], pa.string())


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
