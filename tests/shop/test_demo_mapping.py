"""The demo shop's feed files against the files that the demo shop writes."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from huitou.settings import Settings
from huitou.shop.generate import ShopSummary
from huitou.sources.feeds import SourceSet, load_source_set
from huitou.sources.ingest import ingest
from huitou.sources.readers import read_batches, read_columns

UNTIL = date(2026, 11, 20)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> SourceSet:
    return load_source_set(Settings(home=tmp_path_factory.mktemp("home")))


def test_every_feed_of_the_shop_has_a_feed_file(demo: SourceSet, small: ShopSummary) -> None:
    assert set(demo.feeds) == set(small.rows)
    assert (demo.time_zone, demo.base_currency, demo.country) == ("Asia/Shanghai", "CNY", "CN")


def test_every_column_is_mapped_or_ignored_and_every_contract_column_filled(
    demo: SourceSet, small: ShopSummary
) -> None:
    for feed in demo.feeds.values():
        nights = sorted((small.folder / "drops").iterdir())
        # A file of JSON Lines without a row names no column.
        columns = {name for night in nights for name in read_columns(night / Path(feed.files.path).name, feed.files)}
        assert columns == set(feed.source_columns) | set(feed.ignore), feed.feed
        assert set(feed.columns) == set(feed.contract.columns), feed.feed


def test_every_value_is_in_its_value_map_but_for_planted_ones(demo: SourceSet, small: ShopSummary) -> None:
    planted = {"待审核", "传真", "满意度", "待审核中", "挂起", "BLACKHOLE", "转派", "hover", "赠送"}
    for feed in demo.feeds.values():
        for mapping in (column for column in feed.columns.values() if column.values):
            found: set[str] = set()
            for night in (small.folder / "drops").iterdir():
                path = night / Path(feed.files.path).name
                for batch in read_batches(path, feed.files, [mapping.source]):
                    found |= {value for value in batch.columns[mapping.source].to_pylist() if value}
            assert found - planted <= set(mapping.values), (feed.feed, mapping.source)
            assert len(found - planted) > 1, (feed.feed, mapping.source)


@pytest.mark.integration
def test_ingest_counts_what_the_truth_planted(warehouse: Settings, truth_of_four: dict[tuple[str, str], dict]) -> None:
    for feed in load_source_set(warehouse).feeds.values():
        for back in reversed(range(4)):
            night = UNTIL - timedelta(days=back)
            planted = truth_of_four[night.isoformat(), Path(feed.files.path).name]
            result = ingest(warehouse, feed.feed, night)
            again = int(planted["duplicate"]) + int(planted["resent"])
            assert result.seen == int(planted["rows"])
            assert result.quarantined == int(planted["bad"])
            assert result.duplicate == again
            assert result.new_columns == []
