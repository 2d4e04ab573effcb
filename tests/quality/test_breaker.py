"""The breaker: a feed with too much in quarantine stops the night before anything is built, published or sent."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from factories.feeds import ORDERS, SourceFactory, orders_csv
from huitou.errors import DataQualityError
from huitou.quality.gate import check
from huitou.quality.suites import FOLDER
from huitou.settings import Settings
from huitou.sources.ingest import ingest
from huitou.sources.quarantine import Selection, dismiss, release

pytestmark = pytest.mark.integration
D1 = date(2026, 11, 19)
D2 = D1 + timedelta(days=1)
SAME: dict[str, Any] = {name: {"from": name} for name in ORDERS}


@pytest.fixture
def shop(warehouse: Settings, tmp_path: Path) -> SourceFactory:
    """One good night of 200 orders, and then one in which 21 of 1,000 are bad: 2.1 %."""
    factory = SourceFactory(tmp_path / "shop", warehouse)
    factory.feed("orders", ORDERS)
    factory.drop(D1, "orders.csv", orders_csv(*[{} for _ in range(200)]))
    ingest(factory.settings, "orders", D1)
    rows = [{"order_id": f"n{n}", "status": "付了" if n < 21 else "paid"} for n in range(1000)]
    factory.drop(D2, "orders.csv", orders_csv(*rows))
    ingest(factory.settings, "orders", D2)
    return factory


def closed(shop: SourceFactory, folder: Path = FOLDER) -> bool:
    """The gate shuts the second night for its quarantine, and for nothing else."""
    try:
        check(shop.settings, "raw", D2, folder)
    except DataQualityError as error:
        said = str(error)
    else:
        return False
    assert "landing.files: too_many_quarantined: 1 failing, source/feed shop/orders. Nothing was published" in said
    return True


def test_the_gate_opens_when_the_mapping_is_mended_and_the_night_run_again(shop: SourceFactory) -> None:
    assert closed(shop)
    shop.feed("orders", SAME | {"status": {"from": "status", "values": {"付了": "paid"}}})
    assert ingest(shop.settings, "orders", D2).quarantined == 0
    assert not closed(shop)


def test_the_gate_opens_when_the_rows_are_released(shop: SourceFactory) -> None:
    assert closed(shop)
    shop.feed("orders", SAME | {"status": {"from": "status", "values": {"付了": "paid"}}})
    assert release(shop.settings, Selection(feed="orders", everything=True), "li")[0].rows == 21
    assert not closed(shop)


def test_the_gate_opens_when_a_person_dismisses_the_rows(shop: SourceFactory) -> None:
    assert closed(shop)
    dismiss(shop.settings, Selection(feed="orders", reason="not_allowed:status"), "orders of the till's test", "li")
    assert not closed(shop)


def test_the_gate_opens_when_the_source_sends_the_rows_right(shop: SourceFactory) -> None:
    assert closed(shop)
    later = D2 + timedelta(days=1)
    shop.drop(later, "orders.csv", orders_csv(*({"order_id": f"n{n}"} for n in range(21))))
    ingest(shop.settings, "orders", later)
    assert not closed(shop)


def test_the_budget_is_the_suite_s(shop: SourceFactory, tmp_path: Path) -> None:
    folder = tmp_path / "suites"
    shutil.copytree(FOLDER, folder)
    path = folder / "landing_files.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    (rule,) = [r for r in suite["expectations"] if r["meta"]["rule"] == "too_many_quarantined"]
    query = rule["kwargs"]["unexpected_rows_query"]
    rule["kwargs"]["unexpected_rows_query"] = query.replace("0.01", "0.05")
    assert query != rule["kwargs"]["unexpected_rows_query"]
    path.write_text(json.dumps(suite), encoding="utf-8")
    assert not closed(shop, folder)
