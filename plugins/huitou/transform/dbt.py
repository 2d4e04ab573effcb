"""Runs the dbt project in this process and turns its results into counts and clear errors.

dbt is told nothing but the business date, the shop's clock and money, and the warehouse's address. Its console and
file logs are off: PostgreSQL quotes values of the row at fault, and a log is no place for them.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import conninfo

from huitou.errors import DataQualityError, HuitouError, PermanentError, TransientError, UserError
from huitou.settings import PROJECT_ROOT, Settings, export
from huitou.sources.feeds import load_source_set
from huitou.warehouse.connection import url

PROJECT = PROJECT_ROOT / "dbt"
NIGHTLY = ("build", "--exclude-resource-type", "unit_test", "--exclude", "tag:held_by_raw")
WHAT_CLUSTERS_MAKE = (*NIGHTLY, "--select", "stg_cluster_centres+")
# The folders of models whose tables and views stand in `marts`.
PUBLISHED = ("bases", "marts")
MAKING = ("build", "run", "seed")
# What was touched since the last build is rows, never a seed: a changed one has everything worked out anew.
UNTOUCHED = ("--exclude", "path:seeds")
# A parse reads no data. With the same variables every time it can reuse what it parsed before.
PARSE_DATE = date(2000, 1, 1)
QUIET = (
    "--quiet",
    "--no-print",
    "--no-use-colors",
    "--no-write-json",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
    *("--log-level", "none"),
    *("--log-level-file", "none"),
)
PASSING = ("success", "pass", "warn", "skipped", "no-op")
# What PostgreSQL and its driver say when the server or its load is at fault, not the model.
PASSING_TROUBLE = re.compile(
    r"could not connect|connection to server|server closed the connection|terminating connection|deadlock detected"
    r"|could not serialize|the database system is|too many clients|connection already closed"
)
# `invalid input syntax for type integer: "…"` and `value "…" is out of range` carry a value of some row.
QUOTED_VALUE = re.compile(r'(: |value |syntax at or near |key )".*"')
_MANIFESTS: dict[str, Any] = {}


@dataclass(frozen=True)
class DbtRun:
    """What one invocation did: models built, data tests passed, names of tests that only warn.

    ``marts``: names of what is to stand in ``marts``. ``touched``: of these, the tables that are worked out by touched
    keys, with the columns of those keys.
    """

    models: int
    tests: int
    warnings: tuple[str, ...]
    marts: tuple[str, ...]
    touched: dict[str, tuple[str, ...]]

    def __add__(self, other: DbtRun) -> DbtRun:
        """Both as one; what each built is apart from the other's."""
        return DbtRun(
            self.models + other.models,
            self.tests + other.tests,
            tuple(sorted(self.warnings + other.warnings)),
            tuple(sorted(self.marts + other.marts)),
            self.touched | other.touched,
        )


def run(
    settings: Settings, business_date: date, command: Sequence[str] = NIGHTLY, only_touched: bool = False
) -> DbtRun:
    """Run ``dbt`` as of ``business_date`` (by default: build all, with the data tests of a night).

    ``only_touched`` works out the keys alone that ``state.begin`` found, and leaves the seeds; otherwise everything is
    made anew, and whatever state is written down of ``candidate`` no longer holds.

    Raises ``DataQualityError`` for a failed test or constraint (with test, model and number of rows),
    ``TransientError`` where the database was not there, ``PermanentError`` for SQL that fails, ``UserError``
    for a project or a feed set that cannot be read.
    """
    variables = _variables(settings, business_date) | ({"only_touched": "true"} if only_touched else {})
    how: tuple[str, ...] = UNTOUCHED if only_touched else ("--full-refresh",) if command[0] in MAKING else ()
    results = _invoke(settings, [*command, *how, *_options(settings, variables)], manifest(settings))
    _raise_first_trouble(results)
    kinds = [str(result.node.resource_type) for result in results]
    return DbtRun(
        models=kinds.count("model"),
        tests=kinds.count("test") + kinds.count("unit_test"),
        warnings=tuple(sorted(r.node.name for r in results if str(r.status) == "warn")),
        marts=tuple(sorted(r.node.name for r in results if _is_mart(r.node))),
        touched={
            r.node.name: tuple(r.node.config.meta["columns"])
            for r in results
            if _is_mart(r.node) and "touched" in r.node.config.meta and r.node.config.materialized != "view"
        },
    )


def generate_docs(settings: Settings) -> Path:
    """Write dbt's documentation as one file and return where it should be. Raises as ``run`` does."""
    parsed = manifest(settings)
    options = _options(settings, _variables(settings, PARSE_DATE))
    _invoke(settings, ["docs", "generate", "--static", *options, "--write-json"], parsed)
    return settings.home / "dbt" / "target" / "static_index.html"


def manifest(settings: Settings) -> Any:
    """The parsed project (dbt's ``Manifest``), parsed once a process and database. Opens no connection."""
    # The name of the database stands in every relation. A variable stands in none: what is parsed is written out with
    # the variables of its run.
    database = _export_address(settings)
    if database not in _MANIFESTS:
        options = _options(settings, _variables(settings, PARSE_DATE))
        _MANIFESTS[database] = _invoke(settings, ["parse", *options], None)
        # It stays as long as the process: each collection of garbage would walk through all of it, a tenth of a run.
        gc.collect()
        gc.freeze()
    return _MANIFESTS[database]


def _is_mart(node: Any) -> bool:
    return str(node.resource_type) == "model" and node.fqn[1] in PUBLISHED


def _variables(settings: Settings, business_date: date) -> dict[str, str]:
    source_set = load_source_set(settings)
    return {
        "business_date": business_date.isoformat(),
        "base_currency": source_set.base_currency,
        "time_zone": source_set.time_zone,
    }


def _options(settings: Settings, variables: dict[str, str]) -> list[str]:
    state = settings.home / "dbt"
    written = ", ".join(f'{name}: "{value}"' for name, value in variables.items())
    return [
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
        *("--vars", f"{{{written}}}"),
        *QUIET,
    ]


def _export_address(settings: Settings) -> str:
    """Tell dbt where the warehouse is. The name of its database."""
    parts = conninfo.conninfo_to_dict(url(settings))
    export(
        {
            "DBT_HOST": str(parts.get("host", "")),
            "DBT_PORT": str(parts.get("port", 5432)),
            "DBT_USER": str(parts.get("user", "")),
            "DBT_ENV_SECRET_PASSWORD": str(parts.get("password", "")),
            "DBT_DATABASE": str(parts.get("dbname", "")),
            "DBT_SSLMODE": str(parts.get("sslmode", "prefer")),
            "DBT_SSLROOTCERT": str(parts.get("sslrootcert", "")),
        }
    )
    return str(parts.get("dbname", ""))


def _invoke(settings: Settings, arguments: list[str], manifest: Any) -> Any:
    from dbt.cli.main import dbtRunner

    from huitou.transform import adapter

    adapter.mend()
    (settings.home / "dbt").mkdir(parents=True, exist_ok=True)
    outcome = dbtRunner(manifest=manifest).invoke(arguments)
    if outcome.exception is not None:
        raise _explained(arguments[0], str(outcome.exception))
    return getattr(outcome.result, "results", outcome.result)


def _explained(what: str, said: str) -> HuitouError:
    line = spoken_line(said)
    if PASSING_TROUBLE.search(said):
        return TransientError(f"dbt {what}: the warehouse did not answer: {line}")
    return UserError(f"dbt {what} cannot read the project in {PROJECT}: {line}")


def _raise_first_trouble(results: Sequence[Any]) -> None:
    troubles = [result for result in results if str(result.status) not in PASSING]
    if not troubles:
        return
    first = min(troubles, key=lambda result: str(result.status) == "fail")
    rest = f" {len(troubles) - 1} more failed." if len(troubles) > 1 else ""
    if str(first.status) == "fail":
        raise DataQualityError(
            f"Test {first.node.name} on {_tested(first.node)} fails for {first.failures} rows.{rest} "
            "Nothing was published."
        )
    line = spoken_line(str(first.message))
    text = f"{first.node.resource_type} {first.node.name}: {line}.{rest}"
    if PASSING_TROUBLE.search(line):
        raise TransientError(text)
    if "violates" in line:
        raise DataQualityError(f"{text} Nothing was published.")
    raise PermanentError(f"{text} Nothing was published.")


def _tested(node: Any) -> str:
    names = {unique_id.rsplit(".", 1)[-1] for unique_id in node.depends_on.nodes}
    return ", ".join(sorted(names))


def spoken_line(said: str) -> str:
    """The line that says what is wrong, without dbt's heading, details, hints or values."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    spoken = [line for line in lines if not re.match(r"(\w+ )+Error\b( in .*)?$", line)]
    return QUOTED_VALUE.sub(r'\1"…"', (spoken or lines or ["no message"])[0]).rstrip(".")
