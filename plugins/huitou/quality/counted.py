"""A rule written as SQL that is counted alone: the library's own fetches the rows too, and so runs each query twice."""

from __future__ import annotations

from functools import cache
from typing import Any

ROWS = "unexpected_rows_query.table"
COUNT = "unexpected_rows_query.row_count"


@cache
def counted_rows_expectation() -> Any:
    """The library's type for such rules, of whose result the failing rows are left out."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    class CountedRowsExpectation(UnexpectedRowsExpectation):  # type: ignore[misc]
        """This query should give no rows."""

        metric_dependencies = (COUNT,)

        def _validate(self, metrics: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
            return super()._validate(metrics | {ROWS: []}, *args, **kwargs)

    return CountedRowsExpectation
