"""dbt's documentation builds to one page that needs no server and shows every mart."""

from __future__ import annotations

import re

import pytest

from huitou.settings import Settings
from huitou.transform.dbt import PROJECT
from huitou.transform.docs_site import build_docs

pytestmark = pytest.mark.integration


def test_one_page_holds_every_mart_and_the_ground_rules_and_asks_nothing_of_the_network(warehouse: Settings) -> None:
    page = build_docs(warehouse)
    assert page == warehouse.home / "docs" / "index.html"
    text = page.read_text(encoding="utf-8")
    for path in (PROJECT / "models" / "marts").glob("*.sql"):
        assert f"model.huitou.{path.stem}" in text, path.stem
    assert "exposure.huitou.dashboards" in text
    assert "Ground rules" in text
    assert re.findall(r'<script[^>]+src="https?:', text) == []
    assert str(warehouse.warehouse_dsn.get_secret_value() if warehouse.warehouse_dsn else "") not in text
