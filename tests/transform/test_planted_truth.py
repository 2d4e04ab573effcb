"""The marts held to the demo shop's planted truth: who is lost, topics, what weights leave of bias, and predicted value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from scipy.stats import spearmanr

from huitou.cli import cli
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.shop.figures import Figure
from huitou.shop.generate import generate
from huitou.shop.score import score
from huitou.sources.ingest import ingest
from huitou.transform.build import build
from huitou.value.calibration import Calibration, Decile, calibration
from huitou.warehouse.connection import connect, url

pytestmark = pytest.mark.integration
LAST = date(2026, 11, 20)
FEEDS = ("customers", "products", "exchange_rates", "orders", "order_lines", "refunds")
OPINIONS = ("reviews", "survey_requests", "survey_responses")


class Shop:
    """A shop of 240 nights, taken in at once and built as of the last, with its scores."""

    def __init__(self, settings: Settings, connection: psycopg.Connection) -> None:
        self.settings, self.connection = settings, connection
        self.truth = settings.home / "shop" / "truth"
        generate(settings.home / "shop", 3000, 240, 11, LAST)
        settings = settings.model_copy(update={"source_root": str(settings.home / "shop" / "drops")})
        for feed in FEEDS + OPINIONS:
            ingest(settings, feed, LAST)
        build(settings, LAST)
        self.figures = score(self.connection, self.truth, LAST)

    def figure(self, name: str, of: str) -> Figure:
        (found,) = [f for f in self.figures if (f.score, f.figure) == (name, of)]
        return found

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.connection.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def shop(module_warehouse: Settings) -> Iterator[Shop]:
    with connect(module_warehouse) as connection:
        yield Shop(module_warehouse, connection)


# Class lost asks for half a year of silence or more, and hardly anybody has been there for longer in 240 nights.
CLASSES = {
    "lost: precision": (0.6, 20),
    "lost: recall": (0.04, 400),
    "at risk or lost: precision": (0.6, 200),
    "at risk or lost: recall": (0.35, 400),
    "at risk or lost: balanced accuracy": (0.6, 1000),
}


@pytest.mark.parametrize("name", CLASSES)
def test_lost_buyers_are_told_from_those_who_are_not(shop: Shop, name: str) -> None:
    """Who says the same of all has a balanced accuracy of 0.5; who calls everybody lost, a precision of the share lost."""
    least, least_n = CLASSES[name]
    figure = shop.figure("segments", name)
    assert figure.value is not None
    assert figure.value >= least
    assert figure.n >= least_n
    share = shop.figure("segments", "lost: recall").n / shop.figure("segments", "lost: balanced accuracy").n
    assert share < 0.45, "precision is to be held against it"


@pytest.mark.parametrize(
    ("topic", "precision", "recall"),
    [("product_quality", 0.95, 0.8), ("logistics", 0.95, 0.95), ("after_sales", 0.95, 0.95), ("other", 0.65, 0.95)],
)
def test_topics_of_reviews_are_found(shop: Shop, topic: str, precision: float, recall: float) -> None:
    found, true = shop.figure("reviews", f"{topic}: precision"), shop.figure("reviews", f"{topic}: recall")
    assert found.value is not None
    assert true.value is not None
    assert found.value >= precision
    assert true.value >= recall
    assert min(found.n, true.n) > 100


def test_sentiment_of_topics_is_told(shop: Shop) -> None:
    figure = shop.figure("reviews", "sentiment of a topic: accuracy")
    assert figure.value is not None
    assert figure.value > 0.95


def test_weights_leave_three_quarters_of_the_bias_at_most(shop: Shop) -> None:
    left = shop.figure("survey bias", "left by weights")
    assert left.value is not None
    assert left.value <= 0.75
    for question in ("csat delivery", "csat product", "csat service", "csat site", "nps overall"):
        plain = shop.figure("survey bias", f"{question}: plain less true").value
        weighted = shop.figure("survey bias", f"{question}: weighted less true").value
        assert plain is not None
        assert weighted is not None
        assert 0 < weighted < plain, question


def test_weighted_intervals_hold_the_truth_more_often_than_plain_ones(shop: Shop) -> None:
    """What weights leave of the bias is why they fall short of 95 of 100 here; of chance alone they do not."""
    plain = shop.figure("survey intervals", "plain: hold the truth")
    weighted = shop.figure("survey intervals", "weighted: hold the truth")
    assert plain.value is not None
    assert weighted.value is not None
    assert weighted.n == plain.n >= 30
    assert weighted.value >= max(plain.value, 0.7)


def test_late_orders_are_underrepresented_among_answers(shop: Shop) -> None:
    rows = shop.rows("select subject, represented, bias from marts.survey_response where breakdown = 'punctuality'")
    by_subject = {subject: (represented, bias) for subject, represented, bias in rows}
    # Within 90 days they are few, so that the interval need not tell.
    assert by_subject["late"][0] in ("under", "as the base")
    assert float(str(by_subject["late"][1])) < 0 < float(str(by_subject["on time"][1]))


def test_response_rate_is_the_planted_one(shop: Shop) -> None:
    ((rate, low, high),) = shop.rows(
        "select response_rate, response_ci_low, response_ci_high from marts.survey_response where breakdown = 'all'"
    )
    assert float(str(low)) < 0.25 < float(str(high)), rate


def test_a_sample_is_asked_next_on_one_day_and_nobody_too_often(shop: Shop) -> None:
    ((asked, days, tired),) = shop.rows(
        "select count(*), count(distinct ask_on), count(*) filter (where last_asked_date > ask_on - 90)"
        " from marts.survey_next"
    )
    assert (days, tired) == (1, 0)
    assert isinstance(asked, int)
    assert 50 < asked <= 200


@pytest.fixture(scope="module")
def found(shop: Shop) -> Calibration:
    return calibration(shop.settings, shop.truth, LAST)


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
    shop: Shop, found: Calibration, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setenv("HUITOU_HOME", str(shop.settings.home))
    monkeypatch.setenv("HUITOU_WAREHOUSE_DSN", url(shop.settings))
    asked = ["shop", "score", "--date", str(LAST), "--shop", str(shop.truth.parent), "--json"]
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


def test_marts_of_another_date_are_refused(shop: Shop) -> None:
    with pytest.raises(UserError, match=f"The marts stand at {LAST}, not at 2026-11-19"):
        calibration(shop.settings, shop.truth, LAST - timedelta(days=1))


def test_a_shop_without_its_truth_is_not_scored(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"customers.csv is not there: give --shop"):
        score(shop.connection, tmp_path, LAST)
    with pytest.raises(UserError, match=r"customers\.csv is not there"):
        calibration(shop.settings, tmp_path, LAST)
