"""Books and cases are the same in whatever order the nights are run, with conflicts, re-sent and mended rows."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.books import assert_books_agree
from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.settings import Settings
from huitou.sources.ingest import ingest

pytestmark = pytest.mark.integration
FIRST = date(2026, 11, 19)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
NAMES = (f"s{number}" for number in itertools.count())
STATES = {
    "raw": "select order_id, _version, status, discount, _business_date from raw.orders where _source = %s order by 1, 2",
    "manifest": (
        "select name, rows_seen, loaded, duplicate, quarantined from landing.files where source = %s order by name"
    ),
    "sums": (
        "select s.day, s.verdict, s.currency, s.measure, sum(s.value) from landing.sums as s"
        " join landing.files as f using (file_id) where f.source = %s group by 1, 2, 3, 4 having sum(s.value) <> 0"
        " order by 1, 2, 3, 4"
    ),
    "cases": (
        "select f.name, q.line, q.business_date, q.reasons, q.state, q.closed_on, n.name, q.closed_by_line"
        " from quarantine.rows as q join landing.files as f using (file_id)"
        " left join landing.files as n on n.file_id = q.closed_by_file where q.source = %s order by 1, 2"
    ),
}
ROW = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(["a", "b"]),
        "status": st.sampled_from(["paid", "shipped", "?"]),
        "discount": st.sampled_from(["1", "2.50"]),
        "updated_at": st.sampled_from(["2026-11-19 09:00:00", "2026-11-20 09:00:00", ""]),
    }
)


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS)
    return factory


def state_after(
    shop: SourceFactory, connection: psycopg.Connection, files: list[str], order: list[int]
) -> dict[str, Any]:
    """What the platform says of a source whose nights were run in ``order``."""
    name = next(NAMES)
    root = shop.folder.parent / name
    root.mkdir()
    shop.source(name=name, root=str(root))
    for number in order:
        path = root / DAYS[number].isoformat() / "orders.csv"
        path.parent.mkdir()
        path.write_text(files[number], encoding="utf-8")
        ingest(shop.settings, "orders", DAYS[number])
    return {what: connection.execute(query.encode(), (name,)).fetchall() for what, query in STATES.items()}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    nights=st.lists(st.lists(ROW, max_size=4), min_size=len(DAYS), max_size=len(DAYS)),
    order=st.permutations(range(len(DAYS))),
)
def test_books_and_cases_are_the_same_in_any_order_of_nights(
    shop: SourceFactory, connection: psycopg.Connection, nights: list[list[dict[str, str]]], order: list[int]
) -> None:
    files = [orders_csv(*({"customer_id": "u"} | row for row in rows)) for rows in nights]
    in_order = state_after(shop, connection, files, list(range(len(DAYS))))
    assert state_after(shop, connection, files, order) == in_order
    assert_books_agree(connection)
