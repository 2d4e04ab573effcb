"""A real shop's export before the raw gate: its known oddities are warnings, and none of them stops a night."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from huitou.quality.gate import check
from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.feeds import load_source_set
from huitou.sources.ingest import ingest

SET = PROJECT_ROOT / "dags" / "sources" / "olist"
FILES = Path(load_source_set(Settings(sources=SET)).root)
AFTER_ALL = date(2018, 10, 20)
# As the data set's own description counts them; 22 of 7,360 billed orders are 0.30 %.
KNOWN = {
    "written_before_purchase": 59,
    "delivered_without_a_date": 8,
    "cancelled_yet_delivered": 6,
    "zero_amount": 5,
    "method_not_defined": 3,
    "paid_differs_from_billed": 22,
}


@pytest.mark.integration
@pytest.mark.skipif(not FILES.is_dir(), reason=f"the export is not in {FILES}")
def test_oddities_of_a_real_shop_are_warnings(warehouse: Settings) -> None:
    settings = warehouse.model_copy(update={"sources": SET})
    for feed in load_source_set(settings).feeds:
        ingest(settings, feed, AFTER_ALL)
    report = check(settings, "raw", AFTER_ALL)
    found = {result.rule: result.failing for result in report.warnings}
    assert {rule: found.get(rule) for rule in KNOWN} == KNOWN
    assert report.rows["raw.orders"] == 8135
