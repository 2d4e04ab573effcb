"""Plain values, cast in the client by whole columns.

A value written the usual way (``12.50``, ``2026-11-20 10:00:00``) is cast here, a batch at a time. Every other one, and
every one that may be wrong, is left to the SQL of ``cast``, which alone says what is right and gives the reasons: here
are only forms of which that SQL makes the same value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from huitou.sources.cast import FALSE_WORDS, TRUE_WORDS, iso_pattern, most_bytes
from huitou.sources.contract import Column
from huitou.sources.feeds import ColumnMap, Feed
from huitou.sources.personal import INVALID
from huitou.sources.scales import are_off_scale

INSTANT = pa.timestamp("us", "UTC")
ARROW_TYPES: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "money": pa.decimal128(18, 4),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": INSTANT,
}
INTEGER = r"^-?[0-9]{1,14}$"
MONEY = r"^-?[0-9]{1,13}(\.[0-9]{1,4})?$"
# Years in which every time zone's rules are known; 29 to 31 may not be a day of their month.
DATE = r"^(19[7-9][0-9]|20[0-2][0-9]|203[0-7])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"[ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
LOCAL = f"{DATE}({TIME})?$"
ZONED = f"{DATE}{TIME}(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
IN_EVERY_MONTH = r"^.{8}([01][0-9]|2[0-8])"
MONTH_DAY = r"^([0-9]{4}-)?((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-9])|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)$"
SPACES = " \t\r\n"

# Text to values: null where the text is null, and where its form is not a plain one.
Caster = Callable[[pa.Array], pa.Array]


class NotPlain(Exception):
    """A mapping that only SQL can follow."""


@dataclass(frozen=True)
class PlainRows:
    """The values of a batch's plain rows; ``plain`` says which rows those are, None where all are."""

    columns: dict[str, pa.Array]
    plain: pa.Array | None


@dataclass(frozen=True)
class _Plan:
    """How one contract column is made of source columns."""

    source: str | None
    text: Caster
    cast: Caster
    needed: bool
    type: pa.DataType
    constant: pa.Scalar | None = None


class PlainCast:
    """The casts of one feed. Raises ``NotPlain`` where a column's mapping is one that only SQL can follow."""

    def __init__(self, feed: Feed, zone: str, base_currency: str) -> None:
        contract = feed.contract
        self._plans = {
            name: _plan(name, column, feed.columns.get(name), zone, base_currency, name in contract.key)
            for name, column in contract.columns.items()
        }
        self._contract = contract
        self._version = contract.version
        if self._version and contract.columns[self._version].type != "timestamp":
            raise NotPlain
        self._date_column = feed.files.date_column

    @property
    def types(self) -> dict[str, pa.DataType]:
        """The contract's columns and the type of each."""
        return {name: plan.type for name, plan in self._plans.items()}

    def rows(self, sent: dict[str, pa.Array], count: int, day: date) -> PlainRows:
        """``sent`` (source columns, ``count`` values each) cast: the contract's columns with ``_day`` and ``_version``.

        ``day`` is that of the rows' file; a file of all dates has it in the rows.
        """
        unsure: list[pa.Array] = []
        columns = {name: self._column(plan, sent, count, unsure) for name, plan in self._plans.items()}
        columns["_day"] = pa.repeat(pa.scalar(day, pa.date32()), count)
        if self._date_column:
            head = pc.utf8_slice_codeunits(pc.utf8_trim(sent[self._date_column], characters=" "), 0, 10)
            columns["_day"] = _date(head)
            unsure.append(pc.is_null(columns["_day"]))
        columns["_version"] = self._versions(columns)
        if self._contract.scales:
            unsure.append(are_off_scale(self._contract.scale_rows, columns, self._contract.scales.column))
        if not unsure:
            return PlainRows(columns, None)
        plain = pc.invert(_any(unsure))
        return PlainRows({name: values.filter(plain) for name, values in columns.items()}, plain)

    def _column(self, plan: _Plan, sent: dict[str, pa.Array], count: int, unsure: list[pa.Array]) -> pa.Array:
        if plan.source is None:
            return pa.repeat(plan.constant, count) if plan.constant is not None else pa.nulls(count, plan.type)
        text = plan.text(sent[plan.source])
        values = plan.cast(text)
        if plan.needed and values.null_count:
            unsure.append(pc.is_null(values))
        elif values.null_count != text.null_count:
            unsure.append(pc.and_(pc.is_null(values), pc.is_valid(text)))
        return values

    def _versions(self, columns: dict[str, pa.Array]) -> pa.Array:
        days = columns["_day"].cast(pa.timestamp("us")).cast(INSTANT)
        if self._version is None:
            return pa.repeat(pa.scalar(0, INSTANT), len(days))
        stated = columns[self._version]
        return pc.coalesce(stated, days) if stated.null_count else stated


def _any(masks: list[pa.Array]) -> pa.Array:
    first, *rest = masks
    for mask in rest:
        first = pc.or_(first, mask)
    return first


def _plan(name: str, column: Column, mapping: ColumnMap | None, zone: str, base_currency: str, is_key: bool) -> _Plan:
    kind = ARROW_TYPES.get(column.type, pa.string())
    if column.type == "number":
        if mapping is not None:
            # Its scale is part of the value, and an Arrow column has one scale for all.
            raise NotPlain
        kind = ARROW_TYPES["money"]
    if mapping is None and column.type == "currency":
        mapping = ColumnMap.model_validate({"const": base_currency})
    if mapping is None:
        return _Plan(None, _as_is, _as_is, False, kind)
    if mapping.ordinal or mapping.decimal != "." or mapping.divide != 1:
        raise NotPlain
    cast = _checked(column, is_key, _caster(column, mapping, mapping.time_zone or zone))
    if mapping.const is None:
        return _Plan(mapping.source, _texts(column, mapping), cast, column.required or is_key, kind)
    constant = cast(pa.array([mapping.const], pa.string()))[0]
    if not constant.is_valid:
        raise NotPlain
    return _Plan(None, _as_is, cast, False, kind, constant)


def _texts(column: Column, mapping: ColumnMap) -> Caster:
    """What becomes of a column as sent before it is cast; as ``cast`` does it."""
    if column.type == "free_text":
        return _without_empty
    if not mapping.values:
        return lambda sent: _without_empty(pc.utf8_trim(sent, characters=SPACES))
    old = pa.array(list(mapping.values), pa.string())
    new = pa.array(list(mapping.values.values()), pa.string())

    def translated(sent: pa.Array) -> pa.Array:
        text = _without_empty(pc.utf8_trim(sent, characters=SPACES))
        return pc.coalesce(new.take(pc.index_in(text, value_set=old, skip_nulls=True)), text)

    return translated


def _without_empty(text: pa.Array) -> pa.Array:
    empty = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(empty, None, text) if pc.any(empty).as_py() else text


def _caster(column: Column, mapping: ColumnMap, zone: str) -> Caster:
    if column.type in ("timestamp", "date"):
        cast = _date if column.type == "date" else partial(_instant, zone=zone)
        if not mapping.format:
            return cast
        pattern, iso = iso_pattern(mapping.format)
        return lambda text: cast(pc.replace_substring_regex(_matching(text, pattern), pattern, iso))
    casters: dict[str, Caster] = {
        "integer": lambda text: _matching(text, INTEGER).cast(pa.int64()),
        "money": lambda text: _matching(text, MONEY).cast(ARROW_TYPES["money"]),
        "month_day": lambda text: pc.utf8_slice_codeunits(_matching(text, MONTH_DAY), -5),
        "boolean": _boolean,
        "currency": lambda text: pc.ascii_upper(_matching(text, "^[A-Za-z]{3}$")),
    }
    return casters.get(column.type, _contact if column.is_contact else _as_is)


def _checked(column: Column, is_key: bool, cast: Caster) -> Caster:
    """``cast``, with null for what the contract does not allow."""
    allowed = pa.array(column.allowed, pa.string())
    bounds = ((pc.less, column.minimum), (pc.greater, column.maximum))
    most = most_bytes(column, is_key)

    def run(text: pa.Array) -> pa.Array:
        values = cast(text)
        wrong = [outside(values, bound) for outside, bound in bounds if bound is not None]
        if column.codes:
            wrong = [pc.and_not(mask, pc.is_in(values, value_set=pa.array(column.codes, pa.int64()))) for mask in wrong]
        if column.allowed:
            wrong.append(pc.invert(pc.is_in(text, value_set=allowed)))
        if most and pa.types.is_string(values.type):
            wrong.append(pc.greater(pc.binary_length(values), most))
        for mask in wrong:
            if pc.any(mask).as_py():
                values = pc.if_else(mask, None, values)
        return values

    return run


def _matching(text: pa.Array, pattern: str) -> pa.Array:
    matches = pc.match_substring_regex(text, pattern)
    return text if pc.all(matches).as_py() else pc.if_else(matches, text, None)


def _as_is(text: pa.Array) -> pa.Array:
    return text


def _contact(text: pa.Array) -> pa.Array:
    invalid = pc.starts_with(text, INVALID)
    return pc.if_else(invalid, None, text) if pc.any(invalid).as_py() else text


def _boolean(text: pa.Array) -> pa.Array:
    lower = pc.ascii_lower(text)
    true = pc.is_in(lower, value_set=pa.array(TRUE_WORDS))
    known = pc.or_(true, pc.is_in(lower, value_set=pa.array(FALSE_WORDS)))
    return pc.if_else(known, true, None)


def _date(text: pa.Array) -> pa.Array:
    return _moments(_matching(text, f"{DATE}$"), pa.timestamp("us")).cast(pa.date32())


def _instant(text: pa.Array, zone: str) -> pa.Array:
    local = _matching(text, LOCAL)
    instants = _at(_moments(local, pa.timestamp("us")), zone)
    if local.null_count == text.null_count:
        return instants
    return pc.coalesce(instants, _moments(_matching(text, ZONED), INSTANT))


def _moments(text: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        return _matching(text, IN_EVERY_MONTH).cast(kind)


def _at(local: pa.Array, zone: str) -> pa.Array:
    """The instants of local times; null on a day on which the clocks change."""
    days = local.cast(pa.date32()).cast(pa.int32()).dictionary_encode()
    offsets = pa.array([None if day is None else _offset(zone, day) for day in days.dictionary.to_pylist()], pa.int64())
    return pc.subtract(local.cast(pa.int64()), offsets.take(days.indices)).cast(INSTANT)


@lru_cache(maxsize=100_000)
def _offset(zone: str, day: int) -> int | None:
    """Microseconds that the zone's clocks are ahead of UTC throughout a day (counted from 1970), None if they change."""
    begin = datetime(1970, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(days=day)
    edges = (edge.replace(fold=fold).utcoffset() for edge in (begin, begin + timedelta(days=1)) for fold in (0, 1))
    offsets = set(edges)
    only = offsets.pop()
    return None if offsets or only is None else only // timedelta(microseconds=1)


def plain_cast(feed: Feed, zone: str, base_currency: str) -> PlainCast | None:
    """The feed's casts, or None where one of its columns is for SQL alone."""
    try:
        return PlainCast(feed, zone, base_currency)
    except NotPlain:
        return None
