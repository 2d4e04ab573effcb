"""The typed cast: SQL that turns staged text into contract columns and names what is wrong with a row.

Every value is judged inside the statement, none raises: a row comes out with all its reasons, and the good rows
beside it are untouched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from huitou.errors import UserError
from huitou.sources.contract import Column
from huitou.sources.feeds import ColumnMap, Feed
from huitou.sources.personal import INVALID
from huitou.sources.scales import off_scale

ISO_DATE = r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
ISO_TIME = ISO_DATE + r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?$"
HAS_OFFSET = r"[0-9]( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))$"
MONTH_DAY = r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
# Money is numeric(18,4): what rounds to fifteen digits before the point does not fit.
LIMITS: dict[str, LiteralString] = {"integer": "1e15", "money": "99999999999999.9999", "number": "1e30"}
# Of a text column of a key: the index that keeps keys apart takes 2,700 bytes of all of its columns together.
KEY_BYTES = 500
# Of every other text column: ids stand in indexes too, and what people write at length is free_text.
TEXT_BYTES = 2_000
TRUE_WORDS = ("true", "t", "yes", "y", "1", "是")
FALSE_WORDS = ("false", "f", "no", "n", "0", "否")
_DIRECTIVES = {
    "Y": r"([0-9]{4})",
    "m": r"([0-9]{1,2})",
    "d": r"([0-9]{1,2})",
    "H": r"([0-9]{1,2})",
    "M": r"([0-9]{2})",
    "S": r"([0-9]{2})",
}

Sql = sql.Composable


def staged_name(feed: Feed, source: str) -> str:
    """The column of the staging table that holds a source column; source names may be longer than SQL allows."""
    return f"s{feed.source_columns.index(source)}"


@dataclass(frozen=True)
class TypedColumn:
    """How one contract column is cast, as SQL. ``valid``, ``value`` and ``reason`` speak of ``text`` by its name."""

    name: str
    text: Sql
    valid: Sql
    value: Sql
    reason: Sql


def typed_columns(feed: Feed, zone: str, base_currency: str) -> list[TypedColumn]:
    """The casts of a feed, in contract order; ``text`` speaks of the staging table's columns."""
    out = []
    for name, column in feed.contract.columns.items():
        mapping = feed.columns.get(name)
        if mapping is None and column.type == "currency":
            mapping = ColumnMap.model_validate({"const": base_currency})
        if mapping is None:
            nothing = sql.SQL("null::{}").format(sql.SQL(column.sql_type))
            out.append(TypedColumn(name, sql.SQL("null::text"), sql.SQL("true"), nothing, sql.SQL("null")))
            continue
        text, ok = sql.Identifier(f"t_{name}"), sql.Identifier(f"ok_{name}")
        valid, value = _typed(column, mapping, text, mapping.time_zone or zone)
        typed = sql.SQL("(case when {} then {} end)::{}").format(ok, value, sql.SQL(column.sql_type))
        beyond = off_scale(feed.contract.scale_rows, value) if feed.contract.has_scale(name) else None
        reason = _reason(name, column, name in feed.contract.key, text, ok, value, beyond)
        out.append(TypedColumn(name, _text(feed, column, mapping), valid, typed, reason))
    return out


def typed_query(columns: list[TypedColumn], keep: dict[str, Sql], source: Sql) -> sql.Composed:
    """A select of the kept columns, every contract column typed, and ``_reasons`` as an array of codes.

    ``offset 0`` keeps the planner from merging the levels, which would work out each text several times a row.
    """
    kept = sql.SQL(", ").join(sql.Identifier(name) for name in keep)
    texts = sql.SQL(", ").join(
        [sql.SQL("{} as {}").format(expression, sql.Identifier(name)) for name, expression in keep.items()]
        + [sql.SQL("{} as {}").format(c.text, sql.Identifier(f"t_{c.name}")) for c in columns]
    )
    valid = sql.SQL(", ").join(sql.SQL("{} as {}").format(c.valid, sql.Identifier(f"ok_{c.name}")) for c in columns)
    values = sql.SQL(", ").join(sql.SQL("{} as {}").format(c.value, sql.Identifier(c.name)) for c in columns)
    reasons = sql.SQL(", ").join(c.reason for c in columns)
    return sql.SQL(
        "select {kept}, {values}, array_remove(array[{reasons}]::text[], null) as _reasons"
        " from (select *, {valid} from (select {texts} from {source} offset 0) as texts offset 0) as judged"
    ).format(kept=kept, values=values, reasons=reasons, valid=valid, texts=texts, source=source)


def _text(feed: Feed, column: Column, mapping: ColumnMap) -> Sql:
    if mapping.const is not None:
        return sql.Literal(mapping.const)
    if mapping.ordinal:
        keys = sql.SQL(", ").join(sql.Identifier(staged_name(feed, name)) for name in mapping.ordinal)
        return sql.SQL("(row_number() over (partition by _file, {} order by _line))::text").format(keys)
    staged = sql.Identifier(staged_name(feed, mapping.source or ""))
    text: Sql = sql.SQL("nullif(btrim({}, E' \\t\\r\\n'), '')").format(staged)
    if column.type == "free_text":
        # What a person wrote keeps its line breaks, to the last.
        return sql.SQL("nullif({}, '')").format(staged)
    if mapping.values:
        whens = sql.SQL(" ").join(
            sql.SQL("when {} then {}").format(sql.Literal(old), sql.Literal(new)) for old, new in mapping.values.items()
        )
        text = sql.SQL("case {text} {whens} else {text} end").format(text=text, whens=whens)
    return text


def _typed(column: Column, mapping: ColumnMap, text: Sql, zone: str) -> tuple[Sql, Sql]:
    """(is the text valid, its value if it is)."""
    if column.type in ("integer", "number", "money"):
        return _number(column, mapping, text)
    if column.type in ("timestamp", "date", "month_day"):
        return _time(column, _iso(mapping, text), zone)
    if column.type == "boolean":
        words = sql.SQL(", ").join(map(sql.Literal, TRUE_WORDS + FALSE_WORDS))
        truths = sql.SQL(", ").join(map(sql.Literal, TRUE_WORDS))
        lower = sql.SQL("lower({})").format(text)
        return sql.SQL("{} in ({})").format(lower, words), sql.SQL("{} in ({})").format(lower, truths)
    if column.type == "currency":
        upper = sql.SQL("upper({})").format(text)
        return sql.SQL("{} ~ '^[A-Z]{{3}}$'").format(upper), upper
    if column.is_contact:
        return sql.SQL("not starts_with({}, {})").format(text, sql.Literal(INVALID)), text
    return sql.SQL("true"), text


def _number(column: Column, mapping: ColumnMap, text: Sql) -> tuple[Sql, Sql]:
    if mapping.decimal == ",":
        text = sql.SQL("replace(replace({}, '.', ''), ',', '.')").format(text)
    value: Sql = sql.SQL("{}::numeric").format(text)
    if mapping.divide != 1:
        value = sql.SQL("{} / {}").format(value, sql.Literal(mapping.divide))
    valid = sql.SQL("case when {t} ~ {p} then abs({v}) < {limit}{whole} else false end").format(
        t=text,
        v=value,
        p=sql.Literal(NUMBER),
        limit=sql.SQL(LIMITS[column.type]),
        whole=sql.SQL(" and ({v}) = trunc({v})").format(v=value) if column.type == "integer" else sql.SQL(""),
    )
    return valid, value


def _iso(mapping: ColumnMap, text: Sql) -> Sql:
    """The text rewritten to ISO 8601 order where the mapping states a format of its own."""
    if not mapping.format:
        return text
    pattern, iso = iso_pattern(mapping.format)
    rewritten = sql.SQL("regexp_replace({t}, {p}, {iso})").format(t=text, p=sql.Literal(pattern), iso=sql.Literal(iso))
    return sql.SQL("case when {t} ~ {p} then {rewritten} else '?' || {t} end").format(
        t=text, p=sql.Literal(pattern), rewritten=rewritten
    )


def iso_pattern(date_format: str) -> tuple[str, str]:
    """(regular expression of a format like ``%d/%m/%Y``, its replacement by ISO 8601). Raises ``UserError``."""
    parts = re.split(r"%(\w)", date_format)
    order = parts[1::2]
    if not {"Y", "m", "d"} <= set(order) or not set(order) <= set(_DIRECTIVES):
        raise UserError(f"format {date_format!r}: use %Y %m %d and, for times, %H %M %S.")
    pattern = "".join(_DIRECTIVES[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))
    back = {directive: f"\\{order.index(directive) + 1}" for directive in order}
    iso = "-".join(back[directive] for directive in "Ymd")
    if "H" in order:
        iso += f" {back['H']}:{back.get('M', '00')}:{back.get('S', '00')}"
    return f"^{pattern}$", iso


def _time(column: Column, text: Sql, zone: str) -> tuple[Sql, Sql]:
    if column.type == "month_day":
        # A leap year, so that 29 February stands.
        full = sql.SQL("'2000-' || regexp_replace({}, '^\\d{{4}}-', '')").format(text)
        valid = sql.SQL("case when {t} ~ {p} then pg_input_is_valid({f}, 'date') else false end").format(
            t=text, p=sql.Literal(MONTH_DAY), f=full
        )
        return valid, sql.SQL("to_char(({})::date, 'MM-DD')").format(full)
    pattern = sql.Literal(ISO_TIME)
    valid = sql.SQL("case when {t} ~ {p} then pg_input_is_valid({t}, 'timestamptz') else false end").format(
        t=text, p=pattern
    )
    if column.type == "date":
        return valid, sql.SQL("left({}, 10)::date").format(text)
    value = sql.SQL(
        "case when {t} ~ {offset} and {t} ~ ':' then {t}::timestamptz else {t}::timestamp at time zone {zone} end"
    ).format(t=text, offset=sql.Literal(HAS_OFFSET), zone=sql.Literal(zone))
    return valid, value


def most_bytes(column: Column, is_key: bool) -> int | None:
    """How long the text of a column may be, in bytes of UTF-8; None where its type sets the limit."""
    if is_key:
        return KEY_BYTES
    return TEXT_BYTES if column.type == "text" else None


def _reason(name: str, column: Column, is_key: bool, text: Sql, ok: Sql, value: Sql, off: Sql | None) -> Sql:
    """The first thing wrong with this value, as ``code:column``; null where nothing is."""
    checks = []
    if column.required or is_key:
        checks.append((sql.SQL("{} is null").format(text), f"missing:{name}"))
    if most := most_bytes(column, is_key):
        checks.append((sql.SQL("octet_length({}) > {}").format(text, sql.Literal(most)), f"too_long:{name}"))
    article = "an" if column.type[0] in "aeiou" else "a"
    checks.append((sql.SQL("{} is not null and not ({})").format(text, ok), f"not_{article}_{column.type}:{name}"))
    if column.allowed:
        allowed = sql.SQL(", ").join(map(sql.Literal, column.allowed))
        checks.append((sql.SQL("{} not in ({})").format(text, allowed), f"not_allowed:{name}"))
    for bound, sign in ((column.minimum, "<"), (column.maximum, ">")):
        if bound is not None:
            beyond = sql.SQL("{} {} {}").format(value, sql.SQL(sign), sql.Literal(bound))
            if column.codes:
                codes = sql.SQL(", ").join(map(sql.Literal, column.codes))
                beyond = sql.SQL("{} and {} not in ({})").format(beyond, value, codes)
            test = sql.SQL("case when {} then {} end").format(ok, beyond)
            checks.append((test, f"out_of_range:{name}"))
    if off is not None:
        checks.append((sql.SQL("case when {} then {} end").format(ok, off), f"off_scale:{name}"))
    whens = sql.SQL(" ").join(sql.SQL("when {} then {}").format(test, sql.Literal(code)) for test, code in checks)
    return sql.SQL("case {} end").format(whens)
