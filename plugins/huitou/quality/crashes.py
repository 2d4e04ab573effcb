"""Why a rule could not be evaluated: whose turn it is, told without a value of a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import psycopg

from huitou.errors import HuitouError, PermanentError, TransientError

# Of these alone the server's message names columns and syntax; the text of others may quote a value.
SPEAKABLE = ("SyntaxError", "UndefinedColumn", "UndefinedFunction", "UndefinedTable")
# The copy of a batch dies with its connection, and the library asks for it again on a new one.
LOST_COPY = re.compile(r'relation "gx_temp_\w+" does not exist')
SERVER_ERROR = re.compile(r"\(psycopg2\.(?:errors\.)?(\w+)\) ([^\n]*)")


def messages(info: Mapping[str, Any]) -> str:
    """The text of the library's exceptions, which it nests by metric or gives one flat."""
    parts = [info] if "exception_message" in info else list(info.values())
    return "\n".join(str(part["exception_message"]) for part in parts)


def crash(what: str, text: str) -> HuitouError:
    """``TransientError`` where the server went away, else ``PermanentError``; ``what`` begins the message."""
    found = SERVER_ERROR.findall(text)
    if LOST_COPY.search(text) or any(_may_pass(kind) for kind, _ in found):
        return TransientError(f"{what}: the warehouse went away. Run the gate again.")
    if not found:
        lines = text.strip().splitlines()
        return PermanentError(f"{what}: {lines[0] if lines else 'no reason given'}")
    kind, message = found[0]
    reason = f"{kind}: {message}" if kind in SPEAKABLE else kind
    return PermanentError(f"{what}: {reason}. Mend the rule in expectations/.")


def _may_pass(kind: str) -> bool:
    """Whether PostgreSQL's error of this name is of the kind that a later try may not meet."""
    return issubclass(getattr(psycopg.errors, kind, psycopg.Error), psycopg.OperationalError)
