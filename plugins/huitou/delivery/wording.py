"""The text of a message: a template, the values it declares, and nothing that a value could smuggle in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

MAX_VALUE = 200
MAX_TEXT = 2000
_PART = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}|[{}]")
# Controls, format characters (bidirectional marks, zero-width, tags), lone surrogates, private use.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})
_LINE_BREAKS = frozenset("\t\n\v\f\r\x85")


class WordingError(Exception):
    """A template and its values do not make a text. The message names variables, never their values."""


def render(template: Any, values: Any) -> str:
    """``template`` with each ``{name}`` replaced by the cleaned value of that name; ``{{`` and ``}}`` are braces.

    A value is text or a number, and is never read as a template itself. Raises ``WordingError`` for a name without a
    value, a stray brace, a value of another kind, or a text that is empty or longer than 2,000 characters.
    """
    if not isinstance(template, str) or not isinstance(values, Mapping):
        raise WordingError("the payload needs a template (text) and values (a mapping)")
    text = _PART.sub(lambda part: _replacement(part, values), template)
    text = "\n".join(cleaned(line) for line in text.split("\n")).strip()
    if not text or len(text) > MAX_TEXT:
        raise WordingError(f"the text must have 1 to {MAX_TEXT} characters")
    return text


def cleaned(value: str) -> str:
    """``value`` on one line, without control, bidirectional and zero-width characters."""
    return "".join(_harmless(character) for character in value)


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if character in _LINE_BREAKS or category in _SPACES:
        return " "
    return "" if category in _DROPPED else character


def _replacement(part: re.Match[str], values: Mapping[str, Any]) -> str:
    found, name = part.group(0), part.group(1)
    if found in ("{{", "}}"):
        return found[0]
    if name is None:
        raise WordingError("the template has a brace that is not part of a {name}")
    if name not in values:
        raise WordingError(f"the template uses {{{name}}}, which has no value")
    value = values[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WordingError(f"the value of {{{name}}} is neither text nor a number")
    text = cleaned(str(value)).strip()
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
