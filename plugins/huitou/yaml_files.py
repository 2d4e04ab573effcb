"""YAML files that people write, read against a typed schema.

Every mistake is a ``UserError`` that names the file, the key and what is allowed there.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from huitou.errors import UserError

MOST_ERRORS = 5
# libyaml reads a set of feeds ten times faster; PyYAML may have been built without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Strict(BaseModel):
    """A model that takes no key that it does not know and never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that the file holds. Raises ``UserError`` with line and column where it is not YAML."""
    try:
        value = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 (both are safe)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UserError(f"{path}:{where} is not valid YAML: {getattr(error, 'problem', error)}.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: must be a mapping of keys to values.")
    return value


def validated(model: type[Model], path: Path, value: dict[str, Any]) -> Model:
    """``value`` as ``model``. Raises ``UserError`` with the first mistakes, one a line."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors()[:MOST_ERRORS]
        raise UserError("\n".join(_explain(path, model, detail) for detail in details)) from None


def did_you_mean(name: str, known: list[str]) -> str:
    """`` Did you mean X?`` where something like ``name`` is known, else nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _explain(path: Path, model: type[BaseModel], detail: Any) -> str:
    key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
    if detail["type"] == "extra_forbidden":
        allowed = _keys_at(model, detail["loc"][:-1])
        hint = did_you_mean(str(detail["loc"][-1]), allowed)
        return f"{path}: {key}: unknown key.{hint} Allowed are: {', '.join(allowed)}."
    if detail["type"] == "literal_error":
        return f"{path}: {key}: {detail['input']!r} is not allowed. Allowed are: {detail['ctx']['expected']}."
    return f"{path}: {key}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}."


def _keys_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    for part in location:
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return [field.alias or name for name, field in model.model_fields.items() if not field.exclude]


def _models_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
