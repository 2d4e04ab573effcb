"""Scales: what a number may be, by other columns of its row, as the seeds of the transformation say.

The seed stays the one place that knows: ingest judges by it, and the models read answers by it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pydantic import Field

from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT
from huitou.yaml_files import Strict

SEEDS = PROJECT_ROOT / "dbt" / "seeds"
ENDS = ("score_min", "score_max")
CODES = ("blank_code", "not_applicable_code")


class Scale(Strict):
    """What stands in the rows whose columns have these values: ``minimum`` to ``maximum``, or one of ``codes``."""

    when: dict[str, str]
    minimum: int
    maximum: int
    codes: tuple[int, ...]


class ScaleSeed(Strict):
    """A seed with score_min and score_max, and maybe blank_code and not_applicable_code, by columns of the contract."""

    seed: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    by: Annotated[tuple[str, ...], Field(min_length=1)]


class Scales(Strict):
    """Which seeds know what ``column`` may hold; of several that know a row the first speaks."""

    column: str
    seeds: Annotated[tuple[ScaleSeed, ...], Field(min_length=1)]


def read_scales(scales: Scales, folder: Path = SEEDS) -> tuple[Scale, ...]:
    """The rows of the seeds; in one seed those that name more columns come first. Raises ``UserError``.

    A column that is empty in the seed stands for any value.
    """
    rows: list[Scale] = []
    for seed in scales.seeds:
        rows += sorted(_rows(folder / f"{seed.seed}.csv", seed.by), key=lambda row: -len(row.when))
    return tuple(rows)


def _rows(path: Path, by: tuple[str, ...]) -> list[Scale]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in (*by, *ENDS) if name not in (reader.fieldnames or [])]
            if missing:
                raise UserError(f"{path}: line 1: has no column {missing[0]}, which tells what an answer may be.")
            return [_scale(path, reader.line_num, row, by) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None


def _scale(path: Path, line: int, row: dict[str, str], by: tuple[str, ...]) -> Scale:
    numbers = {}
    for name in (*ENDS, *CODES):
        text = (row.get(name) or "").strip()
        if text:
            try:
                numbers[name] = int(text)
            except ValueError:
                raise UserError(f"{path}: line {line}, column {name}: {text!r} is not a whole number.") from None
        elif name in ENDS:
            raise UserError(f"{path}: line {line}, column {name}: is empty; a scale has two ends.")
    codes = tuple(numbers[name] for name in CODES if name in numbers)
    when = {name: row[name] for name in by if row[name]}
    return Scale(when=when, minimum=numbers["score_min"], maximum=numbers["score_max"], codes=codes)


def off_scale(rows: tuple[Scale, ...], value: sql.Composable) -> sql.Composed:
    """Whether ``value`` is off its row's scale, as SQL over the columns ``t_…`` of the cast; null where none is known."""
    whens = []
    for scale in rows:
        tests = [
            sql.SQL("{} = {}").format(sql.Identifier(f"t_{name}"), sql.Literal(word))
            for name, word in scale.when.items()
        ]
        beyond = sql.SQL("{} not between {} and {}").format(value, scale.minimum, scale.maximum)
        if scale.codes:
            codes = sql.SQL(", ").join(map(sql.Literal, scale.codes))
            beyond = sql.SQL("{} and {} not in ({})").format(beyond, value, codes)
        whens.append(sql.SQL("when {} then {}").format(sql.SQL(" and ").join([sql.SQL("true"), *tests]), beyond))
    return sql.SQL("(case {} end)").format(sql.SQL(" ").join(whens))


def are_off_scale(rows: tuple[Scale, ...], columns: Mapping[str, pa.Array], column: str) -> pa.Array:
    """The same of columns of values: true where a value is off its row's scale, false where it is on it or none is known."""
    values = columns[column]
    known = off = pa.repeat(False, len(values))
    for scale in rows:
        here = pc.invert(known)
        for name, word in scale.when.items():
            here = pc.and_(here, pc.fill_null(pc.equal(columns[name], word), False))
        within = pc.and_(pc.greater_equal(values, scale.minimum), pc.less_equal(values, scale.maximum))
        right = pc.or_(within, pc.is_in(values, value_set=pa.array(scale.codes, pa.int64())))
        off = pc.or_(off, pc.and_(here, pc.invert(pc.fill_null(right, True))))
        known = pc.or_(known, here)
    return off
