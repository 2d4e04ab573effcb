"""The shapes that docs/demo-shop.md promises, on 12,000 customers over a year."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import phonenumbers
import pytest

from huitou.shop.arrays import DAY
from huitou.shop.baskets import COUPONS
from huitou.shop.catalogue import IN_CATEGORY
from huitou.shop.consent import EMAIL, SMS
from huitou.shop.customer_feeds import phone_text
from huitou.shop.feed import Columns
from huitou.shop.made import Shop, make_shop
from huitou.shop.parameters import CURRENCIES, Parameters
from huitou.shop.season import Window, promotion_factor
from huitou.shop.shop_feeds import shop_feeds
from huitou.shop.true_rates import true_rates


def all_columns(shop: Shop, name: str) -> Columns:
    feed = next(feed for feed in shop_feeds(shop) if feed.name == name)
    return feed.columns(np.arange(len(feed.night)))


def orders_a_day(shop: Shop) -> np.ndarray:
    return np.bincount(shop.orders.ordered // DAY - shop.window.first, minlength=shop.window.nights)


def test_promotion_days_sell_more_than_their_neighbours(large: Shop) -> None:
    factor = np.array([promotion_factor(large.window.first + night) for night in range(365)])
    sold = orders_a_day(large)
    for night in np.flatnonzero(factor >= 3):
        around = np.r_[sold[night - 14 : night - 4], sold[night + 4 : night + 9]].mean()
        assert sold[night] > 2.5 * around
    assert sold[factor > 1].mean() > 1.5 * sold[factor == 1].mean()


def test_weekends_sell_more_than_tuesdays(large: Shop) -> None:
    plain = np.array([promotion_factor(large.window.first + night) == 1 for night in range(365)])
    weekday = (large.window.first + np.arange(365) + 3) % 7
    sold = orders_a_day(large)
    assert sold[plain & (weekday == 5)].mean() > 1.05 * sold[plain & (weekday == 1)].mean()


def test_promotion_days_give_discounts(large: Shop) -> None:
    factor = np.array([promotion_factor(large.window.first + night) for night in range(365)])
    promoted = factor[large.orders.ordered[large.lines.order] // DAY - large.window.first] > 1
    assert (large.lines.discount[promoted] > 0).mean() == pytest.approx(0.80, abs=0.03)
    assert (large.lines.discount[~promoted] > 0).mean() == pytest.approx(0.08, abs=0.02)


def test_late_orders_rate_lower_and_return_more(large: Shop) -> None:
    rates = true_rates(large)
    assert rates["stars_when_late"]["value"] < rates["stars_when_in_time"]["value"] - 1
    parcels = large.orders.shipped >= 0
    returned = np.isin(np.arange(len(parcels)), large.refunds.order)
    late = large.orders.late
    assert returned[parcels & late].mean() > 1.2 * returned[parcels & ~late].mean()


def test_customers_buy_no_more_after_the_late_order_that_drove_them_away() -> None:
    window = Window.ending(date(2026, 11, 20), 120)
    patient = make_shop(2_000, window, 5, Parameters(late_quit_share=0.0))
    angry = make_shop(2_000, window, 5, Parameters(late_quit_share=1.0))
    late = angry.orders.late
    gone_from = np.full(2_000, np.iinfo(np.int64).max)
    np.minimum.at(gone_from, angry.orders.customer[late], angry.orders.delivered[late])
    assert (angry.orders.ordered <= gone_from[angry.orders.customer]).all()
    assert angry.purchases.lost[angry.orders.customer[late]].all()
    assert angry.purchases.lost.sum() > patient.purchases.lost.sum()
    assert len(angry.orders.ordered) < len(patient.orders.ordered)


@pytest.mark.parametrize(
    ("name", "expected", "within"),
    [("late", 0.10, 0.03), ("foreign_currency", 0.04, 0.015), ("store", 0.13, 0.03), ("refunded_of_paid", 0.055, 0.02)],
)
def test_shares_are_the_promised_ones(large: Shop, name: str, expected: float, within: float) -> None:
    assert true_rates(large)[name]["value"] == pytest.approx(expected, abs=within)


def test_those_who_answer_are_happier_than_those_who_were_asked(large: Shop) -> None:
    survey = true_rates(large)["survey"]
    for question, value in survey.items():
        if question != "response":
            assert value["of_answers"]["value"] > value["of_all_asked"]["value"], question
    assert 0.15 < survey["response"]["value"] < 0.35


def test_months_add_up_to_all_who_were_asked(large: Shop) -> None:
    rates = true_rates(large)
    whole = rates["survey"]["nps.overall"]["of_all_asked"]
    months = [month["nps.overall"] for month in rates["survey_months"].values()]
    assert 12 <= len(months) <= 13
    assert sum(month["n"] for month in months) == whole["n"]
    mean = sum(month["n"] * month["value"] for month in months) / whole["n"]
    assert mean == pytest.approx(whole["value"], abs=1e-4)


def test_money_is_right_to_the_cent(large: Shop) -> None:
    lines, totals, payments = large.lines, large.totals, large.payments
    count = len(totals.total)
    goods = np.zeros(count, dtype=np.int64)
    np.add.at(goods, lines.order, lines.quantity * lines.price - lines.discount + lines.freight)
    assert (totals.total == goods - totals.discount + totals.shipping).all()
    assert (totals.total > 0).all()
    paid = np.zeros(count, dtype=np.int64)
    np.add.at(paid, payments.order, payments.cents)
    was_paid = large.orders.paid >= 0
    assert (paid[was_paid] == totals.total[was_paid]).all()
    assert (paid[~was_paid] == 0).all()
    assert payments.cents.min() > 0


def test_refunds_come_after_payment_and_never_exceed_it(large: Shop) -> None:
    refunds = large.refunds
    assert len(np.unique(refunds.order)) == len(refunds.order)
    assert (large.orders.paid[refunds.order] >= 0).all()
    assert (refunds.refunded > large.orders.paid[refunds.order]).all()
    assert (refunds.cents > 0).all()
    assert (refunds.cents <= large.totals.total[refunds.order]).all()
    full = (refunds.cents == large.totals.total[refunds.order]).mean()
    assert 0.5 < full < 0.85


def test_partial_refunds_never_exceed_what_coupons_left_to_pay() -> None:
    """With everybody using coupons and returning the first line, some lines cost more than their whole order."""
    p = Parameters(coupon_share=1.0, refund_share=10.0, full_refund_share=0.0)
    shop = make_shop(2_000, Window.ending(date(2026, 10, 20), 90), 5, p)
    first = shop.lines.net[shop.lines.number == 1]
    assert (first > shop.totals.total)[shop.refunds.order].any()
    assert (shop.refunds.cents <= shop.totals.total[shop.refunds.order]).all()


def test_yen_have_no_cents(large: Shop) -> None:
    yen = large.orders.currency == CURRENCIES.index("JPY")
    assert yen.any()
    assert (large.totals.total[yen] % 100 == 0).all()
    assert (large.refunds.cents[yen[large.refunds.order]] % 100 == 0).all()
    assert (large.payments.cents[yen[large.payments.order]] % 100 == 0).all()


def test_statuses_follow_each_other_in_time(large: Shop) -> None:
    events = np.where(large.orders.events < 0, np.iinfo(np.int64).max, large.orders.events)
    events = np.sort(events, axis=1)
    came = (large.orders.events >= 0).sum(axis=1)
    assert (came >= 2).all()
    assert (np.diff(large.orders.events[large.orders.shipped >= 0][:, :4], axis=1) > 0).all()
    assert ((large.orders.cancelled < 0) | (large.orders.delivered < 0)).all()
    assert (events[:, 0] == large.orders.ordered).all()


def test_spending_follows_the_expected_order_value(large: Shop) -> None:
    value = np.bincount(large.lines.order, large.catalogue.price[large.lines.product] * large.lines.quantity) / 100
    expected = large.buyers.spend[large.orders.customer]
    assert value.mean() == pytest.approx(expected.mean(), rel=0.05)
    dear = expected > np.quantile(expected, 0.9)
    assert value[dear].mean() == pytest.approx(expected[dear].mean(), rel=0.08)
    p = Parameters()
    assert large.buyers.spend.mean() == pytest.approx(p.p * p.gamma / (p.q - 1), rel=0.03)


def test_customers_buy_what_they_like(large: Shop) -> None:
    customer = large.orders.customer[large.lines.order]
    category = large.lines.product // IN_CATEGORY
    favourite = (large.buyers.favourites[customer] == category[:, None]).any(axis=1)
    assert favourite.mean() > Parameters().favourite_share


def test_coupons_are_used_from_their_threshold(large: Shop) -> None:
    home = large.orders.currency == 0
    off = dict.fromkeys((-1,), 0) | {place: worth * 100 for place, (_, worth, _) in enumerate(COUPONS)}
    assert large.totals.discount[home].tolist() == [off[coupon] for coupon in large.totals.coupon[home].tolist()]
    lines = large.lines
    goods = np.bincount(lines.order, lines.net - lines.freight)
    for place, (threshold, _, _) in enumerate(COUPONS):
        assert (goods[home & (large.totals.coupon == place)] >= threshold * 100).all()


def test_products_are_sold_once_they_are_released(large: Shop) -> None:
    lines = large.lines
    assert (large.catalogue.released[lines.product] <= large.orders.ordered[lines.order]).all()
    assert len(np.unique(lines.product)) > 250
    assert len(large.catalogue.names) == len(set(large.catalogue.names)) == 300


def test_opt_ins_and_opt_outs_have_their_shares(large: Shop) -> None:
    consents, p = large.consents, Parameters()
    for channel, has in ((SMS, large.people.phone >= 0), (EMAIL, large.people.email >= 0)):
        mine = consents.channel == channel
        assert (mine & consents.yes).sum() / has.sum() == pytest.approx(p.opt_in_shares[channel], abs=0.03)
        assert has[consents.customer[mine]].all()
    outs = np.flatnonzero(~consents.yes)
    assert len(outs) > 100
    registered = large.buyers.registered[consents.customer[outs]]
    assert (consents.occurred[outs] > registered + 30 + consents.channel[outs]).all()


def test_phones_are_valid_and_distinct_but_for_the_shared_ones(large: Shop) -> None:
    has = large.people.phone >= 0
    assert has.mean() == pytest.approx(0.94, abs=0.02)
    numbers, counts = np.unique(large.people.phone[has], return_counts=True)
    assert counts.max() == 2
    assert (counts == 2).sum() == (large.people.shares >= 0).sum() / 2 == 60
    for text in phone_text(numbers[:: len(numbers) // 200]).to_pylist():
        assert phonenumbers.is_valid_number(phonenumbers.parse(text, "CN")), text


def test_a_moved_customer_is_sent_again_with_the_new_city(large: Shop) -> None:
    columns = all_columns(large, "customers")
    cities: dict[str, list[tuple[str, str]]] = {}
    for number, when, city in zip(*(columns[c].to_pylist() for c in ("member_no", "modified_at", "city")), strict=True):
        cities.setdefault(number, []).append((when, city))
    moved = {number: sorted(rows) for number, rows in cities.items() if len({city for _, city in rows}) > 1}
    assert 200 < len(moved) < 500
    assert len(cities) == 12_000


def test_reviews_and_comments_hold_awkward_text(large: Shop) -> None:
    reviews = all_columns(large, "reviews")["text"].to_pylist()
    remarks = [text for text in all_columns(large, "survey_responses")["remark"].to_pylist() if text]
    for texts in (reviews, remarks):
        together = json.dumps(texts, ensure_ascii=False)
        for awkward in ("\\n", '\\"', "😊", ", "):
            assert awkward in together
