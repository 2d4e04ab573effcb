"""Parcels, returns, the support desk and coupons, as docs/demo-shop.md promises them."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest

from huitou.shop.after_order_feeds import CODE_LENGTH, LETTERS, coupon_codes
from huitou.shop.arrays import DAY, HOUR
from huitou.shop.made import Shop, make_shop
from huitou.shop.money import CALLED_OFF
from huitou.shop.parameters import Parameters
from huitou.shop.parcels import APPROVED, COMPLETED, EXCHANGE, RECEIVED, REJECTED, REQUESTED, returned_lines
from huitou.shop.season import Window
from huitou.shop.service import DAMAGED, LATE, OPENED, QUESTION, REPAIR, REPLIED, classes, urgency
from huitou.shop.shop_feeds import shop_feeds
from huitou.shop.true_service import true_effects

P = Parameters()


def columns_of(shop: Shop, name: str) -> dict[str, list[str | None]]:
    feed = next(feed for feed in shop_feeds(shop) if feed.name == name)
    return {key: values.to_pylist() for key, values in feed.columns(np.arange(len(feed.night))).items()}


def test_tickets_follow_what_caused_them(large: Shop) -> None:
    tickets, orders = large.tickets, large.orders
    order, cause, opened = tickets.order, tickets.cause, tickets.opened
    assert orders.late[order[cause == LATE]].all()
    assert (opened[cause == LATE] > orders.promised[order[cause == LATE]]).all()
    assert orders.damaged[order[cause == DAMAGED]].all()
    assert (opened[cause == DAMAGED] > orders.delivered[order[cause == DAMAGED]]).all()
    assert (opened[cause == QUESTION] > orders.ordered[order[cause == QUESTION]]).all()
    assert (opened[cause == REPAIR] >= orders.delivered[order[cause == REPAIR]] + 19 * DAY).all()


@pytest.mark.parametrize(
    ("effect", "share"),
    [
        ("of_late_orders", P.late_ticket_share),
        ("of_damaged_orders", P.damaged_ticket_share),
        ("driven_away_when_slow", P.slow_quit_share),
        ("driven_away_when_fast", 0.0),
    ],
)
def test_effects_come_out_as_they_were_planted(large: Shop, effect: str, share: float) -> None:
    found = true_effects(large)["tickets"][effect]
    assert found["n"] > 100
    assert found["value"] == pytest.approx(share, abs=4 * (share * (1 - share) / found["n"]) ** 0.5)


def test_steps_of_a_case_follow_each_other_in_time(large: Shop) -> None:
    for steps in large.tickets.events.tolist():
        came = [step for step in steps if step >= 0]
        assert came == sorted(came)
        assert len(came) in (4, 6, 8)


def test_the_desk_replies_by_day(large: Shop) -> None:
    replied = large.tickets.events[:, REPLIED]
    assert (replied % DAY >= 9 * HOUR).all()
    assert (replied > large.tickets.events[:, OPENED]).all()


def test_complaints_are_urgent_and_have_their_class(large: Shop) -> None:
    tickets = large.tickets
    assert set(urgency(tickets)[tickets.cause == LATE]) == {0, 1}
    assert set(urgency(tickets)[tickets.cause == QUESTION]) == {2, 3}
    assert set(classes(tickets)[tickets.cause == LATE]) == {1}
    assert len(set(classes(tickets)[tickets.cause == QUESTION])) == 6


def test_customers_buy_no_more_after_the_case_that_drove_them_away() -> None:
    window = Window.ending(date(2026, 11, 20), 120)
    patient = make_shop(3_000, window, 5, Parameters(slow_quit_share=0.0, question_share=0.3))
    angry = make_shop(3_000, window, 5, Parameters(slow_quit_share=1.0, question_share=0.3))
    tickets, orders = angry.tickets, angry.orders
    left = tickets.leaves
    assert left.sum() > 50
    assert not patient.tickets.leaves.any()
    gone_from = np.full(3_000, np.iinfo(np.int64).max)
    np.minimum.at(gone_from, orders.customer[tickets.order[left]], tickets.opened[left] + P.slow_hours * HOUR)
    assert (orders.ordered <= gone_from[orders.customer]).all()
    assert angry.purchases.lost.sum() > patient.purchases.lost.sum()


def test_slow_cases_are_rated_lower(large: Shop) -> None:
    found = true_effects(large)["tickets"]
    assert found["rating_after_slow"]["value"] < found["rating_after_fast"]["value"] - 0.8
    assert 0.1 < found["slow"]["value"] < 0.35


def test_some_customers_write_their_phone_into_a_case(large: Shop) -> None:
    told = [text for text in columns_of(large, "tickets")["text"] if text and re.search(r"1\d{10}", text)]
    assert 20 < len(told) < 200


def test_damaged_orders_come_back_more_and_feel_worse(large: Shop) -> None:
    parcels = large.orders.shipped >= 0
    damaged = large.orders.damaged
    assert damaged[parcels].mean() == pytest.approx(P.damaged_share, abs=0.005)
    assert not damaged[~parcels].any()
    back = np.isin(np.arange(len(parcels)), large.refunds.order)
    assert back[damaged].mean() > 3 * back[parcels & ~damaged].mean()
    felt = large.feelings.overall
    assert felt[damaged].mean() < felt[parcels & ~damaged].mean() - 0.7


def test_every_shipped_order_has_its_parcels(large: Shop) -> None:
    parcels, orders = large.parcels, large.orders
    each = np.bincount(parcels.order, minlength=len(orders.ordered))
    assert ((each > 0) == (orders.shipped >= 0)).all()
    assert set(each) == {0, 1, 2}
    last = np.zeros(len(orders.ordered), dtype=np.int64)
    np.maximum.at(last, parcels.order, parcels.delivered)
    assert (last[each > 0] == orders.delivered[each > 0]).all()
    assert (parcels.delivered > parcels.shipped).all()
    tried = parcels.attempted >= 0
    assert ((parcels.attempted > parcels.shipped) & (parcels.attempted < parcels.delivered))[tried].all()
    late = parcels.delivered > orders.promised[parcels.order]
    assert tried[late].mean() > 2 * tried[~late].mean()


def test_carriers_differ_in_lateness(large: Shop) -> None:
    late = {name: share["value"] for name, share in true_effects(large)["parcels"]["late_by_carrier"].items()}
    assert max(late, key=late.get) == "安递"
    assert late["安递"] > 2.5 * late["迅达速运"]


def test_returns_come_before_their_refunds(large: Shop) -> None:
    returns, refunds = large.returns, large.refunds
    paid = returns.refund >= 0
    assert (returns.events[paid, COMPLETED] == refunds.refunded[returns.refund[paid]]).all()
    assert (refunds.reason[returns.refund[paid]] != CALLED_OFF).all()
    assert (returns.order[paid] == refunds.order[returns.refund[paid]]).all()
    assert (returns.events[:, REQUESTED] > large.orders.delivered[returns.order]).all()
    done = returns.events[:, COMPLETED] >= 0
    assert (np.diff(returns.events[done][:, [REQUESTED, APPROVED, RECEIVED, COMPLETED]], axis=1) > 0).all()
    assert (returns.events[~done][:, REJECTED] > returns.events[~done][:, REQUESTED]).all()
    assert (returns.kind == EXCHANGE).sum() > 50
    assert (~done).sum() > 50


def test_returned_lines_are_lines_of_their_order(large: Shop) -> None:
    request, line = returned_lines(large.returns, large.lines)
    assert (large.lines.order[line] == large.returns.order[request]).all()
    assert len(np.unique(request * 100 + large.lines.number[line])) == len(request)
    whole = large.returns.line == 0
    lines = np.bincount(large.lines.order)[large.returns.order]
    assert (np.bincount(request) == np.where(whole, lines, 1)).all()


def test_a_return_tells_only_what_had_happened(large: Shop) -> None:
    sent = columns_of(large, "returns")
    for name in ("requested_at", "approved_at", "received_at", "completed_at"):
        told = [(at, when) for at, when in zip(sent[name], sent["modified_at"], strict=True) if at]
        assert len(told) > 100
        assert all(at <= when for at, when in told)
    finished = [state == "已完成" for state in sent["state"]]
    assert finished == [at is not None for at in sent["completed_at"]]


def test_coupon_codes_are_all_different() -> None:
    codes = coupon_codes(np.arange(200_000)).to_pylist()
    assert len(set(codes)) == 200_000
    assert all(re.fullmatch(rf"HT[{''.join(LETTERS)}]{{{CODE_LENGTH}}}", code) for code in codes[:1000])


def test_coupons_of_cancelled_orders_are_released(large: Shop) -> None:
    sent = columns_of(large, "coupon_redemptions")
    cancelled = {f"D{order:010d}" for order in np.flatnonzero(large.orders.cancelled >= 0)}
    released = {o for o, state in zip(sent["order_no"], sent["state"], strict=True) if state == "已退回"}
    assert len(released) > 20
    assert released <= cancelled
    assert len(set(sent["code"])) == (large.totals.coupon >= 0).sum()


def test_everybody_who_answers_was_asked_by_a_way_that_reaches_them(large: Shop) -> None:
    asked, answers = columns_of(large, "survey_requests"), columns_of(large, "survey_responses")
    assert set(answers["response_no"]) < set(asked["request_no"])
    by = dict(zip(asked["request_no"], zip(asked["member_no"], asked["sent_by"], strict=True), strict=True))
    for member, sent_by in by.values():
        customer = int(member[1:]) - 1
        has = large.people.phone if sent_by == "短信" else large.people.email
        assert has[customer] >= 0
    assert {sent_by for _, sent_by in by.values()} == {"短信", "邮件"}
