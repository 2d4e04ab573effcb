"""Whole columns of numbers out of the warehouse, one value a column, taken apart by numpy without a loop over rows.

COPY sends a message a row, and a million of them cost the client more than the query costs the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

import numpy as np
import numpy.typing as npt
import psycopg

from huitou.errors import PermanentError

# Of each SQL type, the function that writes its value in network order, and numpy's name of that.
KINDS = {"integer": ("int4send", ">i4"), "bigint": ("int8send", ">i8"), "double precision": ("float8send", ">f8")}


def columns(
    connection: psycopg.Connection, query: LiteralString, kinds: tuple[str, ...], values: Mapping[str, Any]
) -> list[npt.NDArray[Any]]:
    """The columns of ``query`` as arrays of one length, of SQL types ``kinds`` (integer, bigint, double precision).

    ``values`` fill the query's named places. A column may be 1 GB. Raises ``PermanentError`` where a value is null.
    """
    names = ", ".join(f"c{number}" for number in range(len(kinds)))
    joined = ", ".join(f"string_agg({KINDS[kind][0]}(c{n}), ''::bytea)" for n, kind in enumerate(kinds))
    statement = f"select {joined} from ({query}) as q ({names})"
    with connection.cursor(binary=True) as cursor:
        sent = cursor.execute(statement.encode(), values).fetchone()
    if sent is None:
        raise PermanentError("A query of whole columns gave no row.")
    found = [np.frombuffer(part or b"", KINDS[kind][1]) for part, kind in zip(sent, kinds, strict=True)]
    if len({len(column) for column in found}) > 1:
        raise PermanentError(f"Columns of {', '.join(kinds)} are of {[len(c) for c in found]} values: some are null.")
    return [column.astype(column.dtype.newbyteorder("=")) for column in found]
