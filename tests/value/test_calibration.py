"""Predicted value held to the demo shop's planted truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from scipy.stats import spearmanr

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.shop.generate import generate
from huitou.sources.ingest import ingest
from huitou.transform.build import build
from huitou.value.calibration import Decile, calibration
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration
LAST = date(2026, 11, 20)


@pytest.fixture(scope="module")
def shop(
    server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, Path]]:
    """A shop of 240 nights, taken in at once and built as of the last."""
    folder: Path = tmp_path_factory.mktemp("calibrated")
    generate(folder / "shop", 3000, 240, 11, LAST)
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database t_calibrated template {}").format(sql.Identifier(template)))
        settings = Settings(
            home=folder, warehouse_dsn=server.url("t_calibrated"), source_root=str(folder / "shop" / "drops")
        )
        for feed in ("customers", "products", "exchange_rates", "orders", "order_lines", "refunds"):
            ingest(settings, feed, LAST)
        build(settings, LAST)
        yield settings, folder / "shop" / "truth"
        admin.execute("drop database t_calibrated with (force)")


@pytest.fixture(scope="module")
def rows(shop: tuple[Settings, Path]) -> list[Decile]:
    return calibration(*shop, LAST)


def of(rows: list[Decile], group: str, days: int) -> list[Decile]:
    return [row for row in rows if (row.group, row.days) == (group, days)]


@pytest.mark.parametrize("group", ["all", "new"])
@pytest.mark.parametrize("days", [90, 365])
def test_deciles_tell_apart_who_will_spend(rows: list[Decile], group: str, days: int) -> None:
    deciles = of(rows, group, days)
    assert [row.decile for row in deciles] == list(range(1, 11))
    true = [row.true_spend / row.customers for row in deciles]
    assert true[-1] > 2 * true[6] > 4 * true[0]
    assert spearmanr(range(10), true).statistic > 0.9


@pytest.mark.parametrize(("days", "highest"), [(90, 1.45), (365, 1.6)])
def test_predicted_value_is_too_high_by_no_more_than_it_was(rows: list[Decile], days: int, highest: float) -> None:
    """The last days before LAST are 双11, after which everybody looks alive, and late orders drive people away."""
    deciles = of(rows, "all", days)
    ratio = sum(row.predicted_spend for row in deciles) / sum(row.true_spend for row in deciles)
    assert 0.8 < ratio < highest


def test_marts_of_another_date_are_refused(shop: tuple[Settings, Path]) -> None:
    with pytest.raises(UserError, match=f"The marts stand at {LAST}, not at 2026-11-19"):
        calibration(*shop, LAST - timedelta(days=1))


def test_a_folder_that_is_no_truth_is_refused(shop: tuple[Settings, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"customers\.csv is not there"):
        calibration(shop[0], tmp_path, LAST)
