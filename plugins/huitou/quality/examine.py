"""Puts the rules of a suite to a batch, with Great Expectations on PostgreSQL.

Two passes: all rules for counts alone, then the failed ones again for the keys of some failing rows. A rule that
could not be evaluated is an error of the rule, never a verdict on the data.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from huitou.errors import UserError
from huitou.quality.batches import Batch
from huitou.quality.counted import counted_rows_expectation
from huitou.quality.crashes import crash, messages
from huitou.quality.suites import SQL_RULE, Gate, Rule, Suite

EVIDENCE_ROWS = 20
COUNTS = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
# The one format in which a rule written as SQL gives its rows, at most 200 of them.
ROWS = {"result_format": "COMPLETE"}


@dataclass(frozen=True)
class RuleResult:
    """The verdict of one rule. ``failing`` counts rows (1 where the rule is on the table as a whole)."""

    dataset: str
    rule: str
    severity: str
    passed: bool
    failing: int
    keys: list[dict[str, str]]


class Examiner:
    """A short-lived Great Expectations context on the warehouse; closes its connections when it is left.

    ``values`` are the SQL literals for the placeholders of rules. The rows of gate ``raw`` are copied to a
    temporary table first, because they are a small part of a large table; a mart is read where it stands.
    """

    def __init__(self, warehouse_url: str, gate: Gate, values: Mapping[str, str]) -> None:
        import great_expectations

        self._gx = great_expectations
        self._values = values
        context = great_expectations.get_context(mode="ephemeral", project_config=_quiet_project())
        try:
            # One connection a pool, because a temporary table is seen by its own connection alone.
            with _without_advice():
                self._source = context.data_sources.add_sql(
                    "warehouse",
                    connection_string=_in_schema(warehouse_url, "candidate"),
                    create_temp_table=gate == "raw",
                    kwargs={"pool_size": 1, "max_overflow": 0},
                )
                self._source.get_engine()
        except great_expectations.datasource.fluent.interfaces.TestConnectionError as error:
            raise crash("The gate cannot reach the warehouse", str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.get_engine().dispose()
        self._source.get_execution_engine().engine.dispose()

    def examine(self, batch: Batch) -> list[RuleResult]:
        """The verdicts, in the order of the suite.

        Raises ``UserError`` for a rule that is not well formed, ``PermanentError`` for one that could not be
        evaluated, ``TransientError`` where the server went away.
        """
        suite = batch.suite
        expectations = [self._expectation(suite, rule, counted=True) for rule in suite.expectations]
        try:
            rows = self._rows(batch)
        except Exception as error:
            raise crash(f"{suite.dataset} could not be read", str(error)) from None
        verdicts = self._validate(suite, rows, expectations, COUNTS)
        evidence: dict[str, Any] = {}
        for result_format, of_sql in ((_keyed(suite), False), (ROWS, True)):
            failed = [
                self._expectation(suite, rule, counted=False)
                for rule in suite.expectations
                if not verdicts[rule.name].success and (rule.type == SQL_RULE) == of_sql
            ]
            if failed:
                evidence |= self._validate(suite, rows, failed, result_format)
        return [_result(suite, rule, verdicts[rule.name], evidence) for rule in suite.expectations]

    def _rows(self, batch: Batch) -> Any:
        suite = batch.suite
        if suite.gate == "marts":
            asset = self._source.add_table_asset(suite.name, table_name=suite.table)
        else:
            asset = self._source.add_query_asset(suite.name, batch.query)
        return asset.add_batch_definition_whole_table("rows").get_batch()

    def _expectation(self, suite: Suite, rule: Rule, counted: bool) -> Any:
        kwargs = dict(rule.kwargs)
        implementation = self._gx.expectations.registry.get_expectation_impl(rule.type)
        if rule.type == SQL_RULE:
            kwargs["unexpected_rows_query"] = self._filled(kwargs["unexpected_rows_query"])
            implementation = counted_rows_expectation() if counted else implementation
        try:
            return implementation(severity=rule.severity, meta={"rule": rule.name}, **kwargs)
        except (TypeError, ValueError) as error:
            problem = "; ".join(line.strip() for line in str(error).splitlines()[1:]) or str(error)
            raise UserError(
                f"{suite.name}.json: rule {rule.name}: its kwargs do not fit {rule.type}: {problem}."
            ) from None

    def _filled(self, query: str) -> str:
        """The query with its placeholders, except ``{batch}``, which the library fills: as a table's name or as
        a subquery that has an alias already. Within brackets both may be given an alias by the rule.
        """
        for name, literal in self._values.items():
            query = query.replace(f"{{{name}}}", literal)
        return query.replace("{batch}", "(select * from {batch})")

    def _validate(
        self, suite: Suite, rows: Any, expectations: Iterable[Any], result_format: Mapping[str, Any]
    ) -> dict[str, Any]:
        chosen = self._gx.ExpectationSuite(name=suite.name, expectations=list(expectations))
        outcome = rows.validate(chosen, result_format=dict(result_format))
        verdicts = {}
        for verdict in outcome.results:
            name = verdict.expectation_config.meta["rule"]
            if verdict.exception_info.get("raised_exception") is not False:
                raise crash(f"{suite.dataset}: rule {name} could not be evaluated", messages(verdict.exception_info))
            verdicts[name] = verdict
        return verdicts


def _quiet_project() -> Any:
    """A project in memory: no telemetry, no progress bars, no site of documents."""
    from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

    return DataContextConfig(
        analytics_enabled=False,
        progress_bars={"globally": False},
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
    )


@contextmanager
def _without_advice() -> Iterator[None]:
    """The library advises its own PostgreSQL source, which refuses the URL of a socket."""
    from great_expectations.datasource.fluent import GxDatasourceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GxDatasourceWarning)
        yield


def _in_schema(warehouse_url: str, schema: str) -> str:
    """The URL with a session in that schema and in UTC, as the warehouse's own connections are."""
    from sqlalchemy.engine import make_url

    url = make_url(warehouse_url)
    options = f"{url.query.get('options', '')} -c search_path={schema} -c timezone=UTC".strip()
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def _keyed(suite: Suite) -> dict[str, Any]:
    return {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": list(suite.key),
        "partial_unexpected_count": EVIDENCE_ROWS,
    }


def _result(suite: Suite, rule: Rule, verdict: Any, evidence: Mapping[str, Any]) -> RuleResult:
    failing = verdict.result.get("unexpected_count")
    if failing is None:
        failing = verdict.result["observed_value"] if rule.type == SQL_RULE else int(not verdict.success)
    keys = _keys(suite, evidence[rule.name].result) if rule.name in evidence else []
    return RuleResult(suite.dataset, rule.name, rule.severity, bool(verdict.success), int(failing), keys)


def _keys(suite: Suite, result: Mapping[str, Any]) -> list[dict[str, str]]:
    """The key columns of some failing rows; whatever else the library fetched is dropped here."""
    rows = result.get("partial_unexpected_index_list") or result.get("details", {}).get("unexpected_rows") or []
    keys = [{name: str(row[name]) for name in suite.key if name in row} for row in rows]
    unique = {tuple(key.items()): key for key in keys if key}
    return [unique[items] for items in sorted(unique)][:EVIDENCE_ROWS]
