"""Suites of rules: one JSON file a dataset in ``expectations/``, checked key by key when it is read.

A mistake in a file is a ``UserError`` that names the file, the place and what is allowed. Great Expectations
itself is not needed to read a suite.
"""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT
from huitou.sources.contract import contracts

Gate = Literal["raw", "marts"]
GATES: tuple[Gate, ...] = ("raw", "marts")
FOLDER = PROJECT_ROOT / "expectations"
MANIFEST = "landing.files"
MANIFEST_KEYS = ("file_id", "source", "feed", "business_date", "night")
PROVENANCE_KEYS = ("_file_id", "_line")
SQL_RULE = "unexpected_rows_expectation"
# Only types whose failing rows can be told by key: of `expect_compound_columns_to_be_unique`, for one, the
# library gives none, so a rule on several columns is written as `unexpected_rows_expectation`.
TYPES = (
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_column_pair_values_to_be_equal",
    "expect_column_value_lengths_to_be_between",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_null",
    "expect_column_values_to_be_unique",
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_be_in_set",
    "expect_column_values_to_not_be_null",
    "expect_column_values_to_not_match_regex",
    "expect_multicolumn_sum_to_equal",
    "expect_table_row_count_to_be_between",
    SQL_RULE,
)
PLACEHOLDERS: dict[Gate, tuple[str, ...]] = {
    "raw": ("batch", "business_date", "time_zone", "base_currency"),
    "marts": ("batch", "business_date"),
}
_MART = re.compile(r"^candidate\.[a-z][a-z0-9_]*$")

ShortName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Meta(_Strict):
    """What people call a rule, and what it guards against."""

    rule: ShortName
    describes: str = Field(min_length=1)


class Rule(_Strict):
    """One expectation: a critical one stops the night, a warning is recorded."""

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning"]
    meta: Meta

    @property
    def name(self) -> str:
        return self.meta.rule


class Suite(_Strict):
    """The rules of one dataset. ``key`` names the columns that tell a failing row, and nothing else of it."""

    name: ShortName
    dataset: str
    gate: Gate
    key: tuple[str, ...] = Field(min_length=1)
    expectations: tuple[Rule, ...] = Field(min_length=1)

    @property
    def table(self) -> str:
        return self.dataset.split(".", 1)[1]


def load_suites(gate: Gate, folder: Path = FOLDER) -> list[Suite]:
    """The suites of a gate, by file name. Every file of the folder is checked, whichever gate it is of."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder: the suites of the gates must lie there.")
    suites = [load_suite(path) for path in sorted(folder.glob("*.json"))]
    seen: dict[str, str] = {}
    for suite in suites:
        if suite.dataset in seen:
            raise UserError(
                f"{folder}: {seen[suite.dataset]}.json and {suite.name}.json are both of {suite.dataset}. "
                "Put the rules of a dataset into one file."
            )
        seen[suite.dataset] = suite.name
    chosen = [suite for suite in suites if suite.gate == gate]
    if not chosen:
        raise UserError(f"{folder} holds no suite of gate {gate}: without rules nothing would be checked.")
    return chosen


def load_suite(path: Path) -> Suite:
    """One suite. Raises ``UserError`` for a file that is not right."""
    try:
        suite = Suite.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: line {error.lineno} is not valid JSON: {error.msg}.") from None
    except ValidationError as error:
        raise UserError(_explained(path, error)) from None
    if suite.name != path.stem:
        raise UserError(f"{path}: name: is {suite.name}, but the file is {path.name}. Make them the same.")
    _check_dataset(path, suite)
    _check_rules(path, suite)
    return suite


def _explained(path: Path, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] != "extra_forbidden":
        return f"{path}: {place}: {first['msg']}."
    models: dict[int, type[_Strict]] = {1: Suite, 3: Rule, 4: Meta}
    known = list(models[len(first["loc"])].model_fields)
    return f"{path}: {place}: unknown key.{_allowed(str(first['loc'][-1]), known)}"


def _allowed(given: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(given, allowed, n=1)
    return f"{f' Did you mean {near[0]}?' if near else ''} Allowed are: {', '.join(allowed)}."


def _check_dataset(path: Path, suite: Suite) -> None:
    if suite.gate == "marts":
        if not _MART.match(suite.dataset):
            raise UserError(f"{path}: dataset: gate marts checks candidate.<mart>, this says {suite.dataset}.")
        return
    keys = {MANIFEST: list(MANIFEST_KEYS)}
    for contract in contracts().values():
        own = [column for column in contract.key if not contract.columns[column].is_contact]
        keys[f"{contract.room}.{contract.feed}"] = [*own, *PROVENANCE_KEYS]
    if suite.dataset not in keys:
        raise UserError(f"{path}: dataset: {suite.dataset}.{_allowed(suite.dataset, sorted(keys))}")
    for column in suite.key:
        if column not in keys[suite.dataset]:
            raise UserError(f"{path}: key: {column} may not stand as evidence.{_allowed(column, keys[suite.dataset])}")


def _check_rules(path: Path, suite: Suite) -> None:
    names: set[str] = set()
    for rule in suite.expectations:
        where = f"{path}: rule {rule.name}"
        if rule.name in names:
            raise UserError(f"{where}: two rules of this name. Give each its own.")
        names.add(rule.name)
        if rule.type not in TYPES:
            raise UserError(f"{where}: type: {rule.type}.{_allowed(rule.type, list(TYPES))}")
        if rule.type == SQL_RULE:
            _check_query(where, rule.kwargs.get("unexpected_rows_query"), PLACEHOLDERS[suite.gate])


def _check_query(where: str, query: Any, allowed: tuple[str, ...]) -> None:
    place = f"{where}: kwargs.unexpected_rows_query"
    if not isinstance(query, str):
        raise UserError(f"{place}: must be a query that gives the failing rows.")
    try:
        fields = {field for _, field, _, _ in Formatter().parse(query) if field is not None}
    except ValueError:
        raise UserError(f"{place}: a brace is not paired; write a literal brace twice.") from None
    unknown = sorted(fields - set(allowed))
    if unknown:
        raise UserError(
            f"{place}: {{{unknown[0]}}} is not a placeholder (write a literal brace twice)."
            f"{_allowed(unknown[0], [*allowed])}"
        )
    if "batch" not in fields:
        raise UserError(f"{place}: must read from {{batch}}, the rows under examination.")
