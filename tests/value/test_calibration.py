"""Predicted value held to the demo shop's planted truth."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr

from huitou.cli import cli
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.shop.generate import generate
from huitou.sources.ingest import ingest
from huitou.transform.build import build
from huitou.value.calibration import Calibration, Decile, calibration

pytestmark = pytest.mark.integration
LAST = date(2026, 11, 20)


@pytest.fixture(scope="module")
def shop(module_warehouse: Settings) -> tuple[Settings, Path]:
    """A shop of 240 nights, taken in at once and built as of the last."""
    folder = module_warehouse.home / "shop"
    generate(folder, 3000, 240, 11, LAST)
    settings = module_warehouse.model_copy(update={"source_root": str(folder / "drops")})
    for feed in ("customers", "products", "exchange_rates", "orders", "order_lines", "refunds"):
        ingest(settings, feed, LAST)
    build(settings, LAST)
    return settings, folder / "truth"


@pytest.fixture(scope="module")
def found(shop: tuple[Settings, Path]) -> Calibration:
    return calibration(*shop, LAST)


@pytest.fixture(scope="module")
def rows(found: Calibration) -> list[Decile]:
    return found.deciles


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


@pytest.mark.parametrize(("days", "lowest"), [(90, 0.3), (365, 0.3)])
def test_customers_are_ranked_by_what_they_will_spend(found: Calibration, days: int, lowest: float) -> None:
    for group in ("all", "new"):
        [ranking] = [r for r in found.rankings if (r.group, r.days) == (group, days)]
        assert ranking.customers == sum(row.customers for row in of(found.deciles, group, days)) > 500
        assert lowest < ranking.correlation < 1, group


SCORED = {90: (0.9, 1.55), 365: (0.9, 1.75)}


@pytest.mark.parametrize("days", SCORED)
def test_score_tells_the_calibration_of_value(
    shop: tuple[Settings, Path], found: Calibration, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    settings, truth = shop
    monkeypatch.setenv("HUITOU_HOME", str(settings.home))
    monkeypatch.setenv(
        "HUITOU_WAREHOUSE_DSN", settings.warehouse_dsn.get_secret_value() if settings.warehouse_dsn else ""
    )
    asked = ["shop", "score", "--date", str(LAST), "--shop", str(truth.parent), "--json"]
    result = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = {row["figure"]: row for row in json.loads(result.stdout) if row["score"] == "value"}
    assert len(told) == 2 * (10 + 1)
    ratios = [told[f"{days} days, decile {n}: predicted ÷ true spend"] for n in range(1, 11)]
    assert [row["n"] for row in ratios] == [row.customers for row in of(found.deciles, "all", days)]
    lowest, highest = SCORED[days]
    for row in ratios[5:]:
        assert lowest < row["value"] < highest, row
    [ranking] = [r for r in found.rankings if (r.group, r.days) == ("all", days)]
    row = told[f"{days} days: rank correlation"]
    assert (row["n"], row["value"]) == (ranking.customers, ranking.correlation)


def test_marts_of_another_date_are_refused(shop: tuple[Settings, Path]) -> None:
    with pytest.raises(UserError, match=f"The marts stand at {LAST}, not at 2026-11-19"):
        calibration(*shop, LAST - timedelta(days=1))


def test_a_folder_that_is_no_truth_is_refused(shop: tuple[Settings, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"customers\.csv is not there"):
        calibration(shop[0], tmp_path, LAST)
