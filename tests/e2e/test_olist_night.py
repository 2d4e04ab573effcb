"""A night on a real marketplace's own files, read as they are: the figures that a correct build gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scipy.stats import ttest_ind

from e2e.conftest import Home, new_home
from huitou.settings import PROJECT_ROOT

OLIST = PROJECT_ROOT.parent / "shared" / "data" / "olist"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not OLIST.is_dir(), reason="the Olist files are not beside the project (../shared/data/olist)"),
]
DAY = "2018-10-31"


@pytest.fixture(scope="module")
def olist() -> Iterator[Home]:
    with new_home(HUITOU_SOURCES=str(PROJECT_ROOT / "dags" / "sources" / "olist")) as home:
        home.run("night", "--date", DAY)
        yield home


def scalar(home: Home, query: str) -> object:
    return home.rows(query)[0][0]


def test_every_row_of_every_file_is_loaded(olist: Home) -> None:
    loaded = {row[0]: row[1:] for row in olist.rows("select feed, rows_seen, loaded, ahead from landing.files")}
    assert loaded == {
        "orders": (8135, 8135, 0),
        "order_lines": (8365, 8365, 0),
        "payments": (8924, 8924, 0),
        "reviews": (8225, 8225, 0),
        "customers": (8135, 8135, 0),
        "products": (5460, 5460, 0),
        "sellers": (1610, 1610, 0),
        "categories": (71, 71, 0),
    }
    assert scalar(olist, "select count(*) from quarantine.rows") == 0


def test_accounts_are_the_people_behind_them(olist: Home) -> None:
    assert scalar(olist, "select count(distinct customer_key) from vault.accounts_as_of('infinity')") == 8016


def test_what_real_data_does_is_kept_as_it_is(olist: Home) -> None:
    assert (
        scalar(
            olist,
            "select count(*) from raw.reviews as r join raw.orders as o using (order_id)"
            " where r.created_at < o.ordered_at",
        )
        >= 59
    )
    assert (
        scalar(olist, "select count(*) from (select order_id from raw.reviews group by 1 having count(*) > 1) as s")
        == 87
    )
    assert (
        scalar(
            olist,
            "select count(*) from raw.reviews where body like '%' || chr(10) || '%' or body like '%' || chr(13) || '%'",
        )
        == 436
    )
    assert scalar(olist, "select count(*) from raw.orders where status = 'delivered' and delivered_at is null") == 8
    assert (
        scalar(
            olist,
            "select count(*) from raw.orders as o where not exists"
            " (select from raw.order_lines as l where l.order_id = o.order_id)",
        )
        == 775
    )
    assert scalar(olist, "select count(*) from raw.payments where amount = 0") == 5
    assert scalar(olist, "select count(*) from raw.payments where method = 'not_defined'") == 3


def test_lines_and_payments_agree_as_they_do_in_the_files(olist: Home) -> None:
    share = scalar(
        olist,
        "with billed as (select order_id, sum(unit_price * quantity + shipping) as amount from raw.order_lines group by 1),"
        " paid as (select order_id, sum(amount) as amount from raw.payments group by 1)"
        " select round(100.0 * count(*) filter (where abs(b.amount - p.amount) <= 0.05) / count(*), 2)"
        " from billed as b join paid as p using (order_id)",
    )
    assert str(share) == "99.70"


def test_lateness_and_its_scores_are_the_known_ones(olist: Home) -> None:
    rows = {
        row[0]: row[1:]
        for row in olist.rows(
            "select is_late, sum(orders), round(sum(score_sum)::numeric / sum(reviewed_orders), 2)"
            " from marts.delivery_daily group by is_late"
        )
    }
    late, on_time = rows[True], rows[False]
    assert f"{100 * late[0] / (late[0] + on_time[0]):.2f}" == "8.00"
    assert (str(on_time[1]), str(late[1])) == ("4.28", "2.50")


def test_late_orders_score_lower_by_welch_s_interval(olist: Home) -> None:
    difference = olist.rows("select difference, ci_low, ci_high from marts.lateness_effect where part = 'all'")
    assert [f"{float(str(value)):.2f}" for value in difference[0]] == ["-1.78", "-1.95", "-1.62"]
    scores: dict[object, list[int]] = {}
    for late, score in olist.rows("select is_late, review_score from intermediate.int_deliveries"):
        if score is not None:
            scores.setdefault(late, []).append(int(str(score)))
    welch = ttest_ind(scores[True], scores[False], equal_var=False).confidence_interval()
    assert (round(welch.low, 4), round(welch.high, 4)) == tuple(float(str(v)) for v in difference[0][1:])


def test_the_mean_score_of_the_sample_is_the_known_one(olist: Home) -> None:
    mean = scalar(
        olist,
        "select round(sum(score_sum)::numeric / sum(n), 2) from marts.satisfaction_daily where metric = 'review' and breakdown = 'all'",
    )
    assert str(mean) == "3.27"


def test_texts_in_portuguese_tell_their_stars_alone(olist: Home) -> None:
    languages = {
        (language, topic == "score_only"): count
        for language, topic, count in olist.rows(
            "select language, topic, count(*) from staging.stg_review_topics group by 1, 2"
        )
    }
    assert {language for language, _ in languages} <= {"other", "none", "en"}
    assert {alone for language, alone in languages if language != "en"} == {True}
    assert ("en", True) not in languages
    in_english = scalar(
        olist, "select count(distinct (review_id, order_id)) from staging.stg_review_topics where language = 'en'"
    )
    assert int(str(in_english)) <= 5
    assert int(str(languages["other", True])) > 3_000


def test_the_mart_of_topics_says_that_it_rests_on_the_stars(olist: Home) -> None:
    rows = olist.rows("select distinct language <> 'en', topic = 'score_only', basis from marts.review_topics")
    assert set(rows) - {(False, False, "text")} == {(True, True, "score")}


def test_a_shop_without_consent_reaches_nobody(olist: Home) -> None:
    outcomes = {row[0] for row in olist.rows("select distinct outcome from ops.decisions")}
    assert outcomes <= {"no_consent"}
    assert olist.accepted() == []


def test_no_file_of_the_export_was_changed(olist: Home) -> None:
    landed = {Path(row[0]).name.split("-", 1)[1] for row in olist.rows("select landed_as from landing.files")}
    assert landed == {path.name for path in OLIST.glob("*.csv")}
