"""Array types of the shop, and the ways its numbers become text.

Instants are whole seconds since 1970-01-01 00:00 on the shop's own clock (no zone); money is whole cents;
``NEVER`` stands for "did not happen".
"""

from __future__ import annotations

import zlib
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEVER = -1
MINUTE, HOUR, DAY = 60, 3600, 86_400
INSTANT = "%Y-%m-%d %H:%M:%S"

Records = TypeVar("Records")


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own for each part of the shop, so that one part's draws do not move another's."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def pick(rng: np.random.Generator, weights: Floats, size: int) -> Ints:
    """``size`` indexes into ``weights``, each as likely as its weight."""
    edges = np.cumsum(weights)
    places: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right").astype(np.int64)
    return places


def rows_of(records: Records, index: Ints) -> Records:
    """The same dataclass of arrays with only the rows of ``index``."""
    kept = {field.name: getattr(records, field.name)[index] for field in fields(records)}  # type: ignore[arg-type]
    return replace(records, **kept)  # type: ignore[type-var]


def text_id(prefix: str, numbers: Ints, width: int = 8) -> Any:
    """``prefix`` and the number with leading zeros; null where the number is negative."""
    digits = pa.array(numbers, mask=numbers < 0).cast(pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(digits, width, "0"), "")


def text_number(numbers: Ints) -> Any:
    return pa.array(numbers).cast(pa.string())


def text_money(cents: Ints) -> Any:
    """Cents as yuan with two decimals."""
    whole = pa.array(cents // 100).cast(pa.string())
    return pc.binary_join_element_wise(whole, text_code(_CENTS, cents % 100), ".")


def text_instant(instants: Ints, form: str = INSTANT) -> Any:
    """Instants in a ``strftime`` form; null where they never came."""
    times = pa.array(instants, mask=instants < 0).cast(pa.timestamp("s"))
    return times.cast(pa.string()) if form == INSTANT else pc.strftime(times, format=form)


def text_day(days: Ints) -> Any:
    """Days since 1970-01-01 as ``YYYY-MM-DD``, also those before 1970."""
    return pa.array(days.astype(np.int32)).cast(pa.date32()).cast(pa.string())


def text_code(words: tuple[str, ...], codes: Ints) -> Any:
    """The word of each code; null where the code is negative."""
    return pa.array(words, pa.string()).take(pa.array(codes, mask=codes < 0))


def blank(values: Any, where: Bools) -> Any:
    """``values`` with nulls where ``where`` holds."""
    return pc.if_else(pa.array(where), pa.scalar(None, pa.string()), values)


_CENTS = tuple(f"{cent:02d}" for cent in range(100))
