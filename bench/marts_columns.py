"""Columns of made-up raw rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DAY_US = 86_400_000_000
MONEY = pa.decimal128(18, 4)
Columns = dict[str, pa.Array]


def names(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def moments(day: np.ndarray, hour: np.ndarray | int, known: np.ndarray | None = None) -> pa.Array:
    """Instants of a shop-local day in Shanghai; null where ``known`` is false."""
    values = (day.astype("int64") * DAY_US + (np.asarray(hour) - 8) * 3_600_000_000).astype("int64")
    mask = None if known is None else ~known
    return pa.array(values, pa.timestamp("us", tz="UTC"), mask=mask)


def money(cents: np.ndarray) -> pa.Array:
    return pc.multiply(
        pa.array(cents.astype("int64")).cast(pa.decimal128(19, 0)), pa.scalar("0.01").cast(pa.decimal128(2, 2))
    ).cast(MONEY)
