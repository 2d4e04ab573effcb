"""A feed of the shop: its records, the night of each, and how records become columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from huitou.shop.arrays import Ints
from huitou.shop.season import Window

Columns = dict[str, Any]  # column name -> pyarrow array


@dataclass(frozen=True)
class Flaw:
    """A way to spoil a row: the value that stands in a column instead of the right one."""

    reason: str
    column: str
    value: str | int | None


@dataclass(frozen=True)
class Feed:
    """One file a night.

    ``night`` and ``instant`` are by record; ``late_by`` is how many nights after its own a record is first sent.
    ``columns`` renders records. ``multiline`` names columns whose text may hold line breaks. A feed without
    ``flaws`` is sent without any imperfection. ``encoding`` is of CSV files.
    """

    name: str
    file: str
    key: tuple[str, ...]
    night: Ints
    instant: Ints
    late_by: Ints
    columns: Callable[[Ints], Columns]
    flaws: tuple[Flaw, ...] = ()
    multiline: tuple[str, ...] = ()
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Versions:
    """Versions of things, as they are sent: ``thing`` in ``state`` reached at ``instant``, sent in ``night``."""

    thing: Ints
    state: Ints
    instant: Ints
    night: Ints
    late_by: Ints


def versions(events: Ints, known: Ints, window: Window) -> Versions:
    """What a nightly extract sees of things that change.

    ``events``: (things, states), the instant of each state in the order of time, negative where it never came.
    ``known``: the first night in which the shop's system has the thing. A thing is sent in each night in which it
    changed, once, as it stood at that night's end.
    """
    parts: list[tuple[Ints, ...]] = []
    after = np.full(len(events), -1)
    for state in reversed(range(events.shape[1])):
        instant = events[:, state]
        came = instant >= 0
        own = window.night_of(instant)
        night = np.maximum(own, known)
        sent = np.flatnonzero(came & (night != after) & (night < window.nights))
        parts.append((sent, np.full(len(sent), state), instant[sent], night[sent], (night - own)[sent]))
        after = np.where(came, night, after)
    return Versions(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
