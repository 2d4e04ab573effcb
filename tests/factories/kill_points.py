"""Where a run can be killed: behind every call that a step makes with its connection in hand.

The points are read from the steps' own source, so that a new call is a new point by itself.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import psycopg
import pytest
from dbt.adapters.sql.connections import SQLConnectionManager

from huitou.quality import gate
from huitou.sources import copying, files, ingest, load, partial, settle, stage
from huitou.transform import build, dbt
from huitou.warehouse import publish, steps

Kill = Callable[[], None]


class Killed(Exception):
    """Raised where the killed session itself was not asked again."""


@dataclass(frozen=True)
class Point:
    """Behind the call of ``name`` of ``owner``, a module or class."""

    owner: Any
    name: str

    def __str__(self) -> str:
        return f"{self.owner.__name__.rpartition('.')[2]}.{self.name}"

    def plant(self, patch: pytest.MonkeyPatch, kill: Kill, nth: int = 1) -> None:
        """Have ``kill`` follow the call, the ``nth`` of them."""
        real, left = getattr(self.owner, self.name), iter(range(nth - 1))

        def dying(*arguments: Any, **options: Any) -> Any:
            done = real(*arguments, **options)
            if next(left, None) is not None:
                return done
            kill()
            session = next((a for a in arguments if isinstance(a, psycopg.Connection)), None)
            if session is not None:
                session.execute("select 1")
            raise Killed(self.name)

        patch.setattr(self.owner, self.name, dying)


def points(*steps: FunctionType, but: frozenset[str] = frozenset()) -> tuple[Point, ...]:
    """The points of these steps, each once; ``but`` names calls that are none."""
    found = {point: None for function in steps for point in _calls(function) if point.name not in but}
    return tuple(found)


def _calls(step: FunctionType) -> Iterator[Point]:
    room = sys.modules[step.__module__]
    tree = ast.parse(textwrap.dedent(inspect.getsource(step)))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or "connection" not in {a.id for a in call.args if isinstance(a, ast.Name)}:
            continue
        if isinstance(call.func, ast.Name):
            yield Point(room, call.func.id)
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            yield Point(getattr(room, call.func.value.id), call.func.attr)
        else:
            raise AssertionError(f"{step.__name__}: no kill point can be put behind {ast.unparse(call)}")


# Managers of a context: they have begun nothing when they return.
NO_CALLS = frozenset({"step", "one_at_a_time"})
INGEST = (
    Point(partial.Partial, "write"),
    Point(partial.Partial, "keep"),
    Point(files, "land"),
    Point(copying.Stream, "write"),
    *points(
        ingest.ingest, ingest._ingest, ingest._take_in, ingest._load, stage.stage, settle.settle,
        settle.send_for_rows, load.load_rows, load._load_with_repeats, but=NO_CALLS,
    ),
    Point(steps, "_record"),
)  # fmt: skip
# What an ingest does when its transaction is over.
AFTER_LOADING = ("ingest.recheck_where_reading_changed", "ingest._result")
COMMITTED = ("ingest._take_in", *AFTER_LOADING, "ingest._ingest", "steps._record")
PUBLICATION = points(publish.publish, publish._replace)
BUILD = (
    Point(SQLConnectionManager, "add_query"),
    Point(dbt, "run"),
    Point(gate, "check"),
    *points(build.build, build.make_candidate, build._gate, build._publish, but=NO_CALLS),
    Point(build, "publish"),
    Point(build, "retire"),
)
PUBLISHED = ("build.publish", "build._publish", "build.retire")
