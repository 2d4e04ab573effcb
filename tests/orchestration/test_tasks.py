"""The thin layer between the DAGs' tasks and our functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pytest

from huitou.errors import UserError
from huitou.orchestration.tasks import business_date, counts


def test_partition_key_is_the_business_date_when_it_is_a_date() -> None:
    assert business_date("2025-01-31") == date(2025, 1, 31)


@pytest.mark.parametrize("key", [None, "", "2025-02-30", "yesterday", "2025-01-31T02:00:00"])
def test_error_says_how_to_start_when_the_key_is_no_date(key: str | None) -> None:
    with pytest.raises(UserError, match="huitou night --date"):
        business_date(key)


@dataclass
class Result:
    feed: str = "orders"
    rows: int = 3
    seconds: float = 0.5
    ok: bool = True
    keys: list[str] = field(default_factory=lambda: ["k"])


def test_only_scalars_are_passed_on_when_a_result_holds_rows() -> None:
    assert counts(Result()) == {"feed": "orders", "rows": 3, "seconds": 0.5, "ok": True}
