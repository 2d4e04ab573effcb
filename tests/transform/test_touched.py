"""Whatever the nights bring, what a build works out by touched keys is, row by row, what working out all would give."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from factories.drawn_nights import NightFactory
from factories.raw import RawFactory, noon
from factories.touched_shops import Tables, TouchedShop
from huitou.quality import gate
from huitou.settings import Settings
from huitou.transform import state
from huitou.transform.build import build
from huitou.value.fits import ValueFit, keep
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration
# A Saturday: the first night closes a week.
FIRST = date(2026, 6, 6)
SEEDS = 20
# The shops are too small for a fit of their own; what was found for another one predicts them.
PARAMETERS = {
    "bg_nbd": {"r": 0.9, "alpha": 55 / 7, "a": 0.8, "b": 2.4},
    "gamma_gamma": {"p": 6.25, "q": 3.74, "gamma": 15.44},
}
VIEW_AND_TABLE = ("int_purchases__daily", "int_customers__order_days")
# A day with sales of which there is none, of a customer whom the night touched or did not.
ORDERS_OF_NONE = """
update intermediate.int_customers__order_days as broken
set orders = 0
from (
    select customer_key, order_day from intermediate.int_customers__order_days
    where (customer_key in (select customer_key from staging.touched_buyers)) = %(touched)s
    limit 1
) as one
where broken.customer_key = one.customer_key and broken.order_day = one.order_day
"""


@pytest.fixture
def shop(server: EmbeddedServer, warehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> TouchedShop:
    # The shops are so small that a night touches most of them.
    monkeypatch.setattr(state, "MOST_TOUCHED", 1000)
    return TouchedShop(server, warehouse)


def assert_same(found: Tables, expected: Tables) -> None:
    assert found.keys() == expected.keys()
    differing = {
        name: (
            sorted((found[name] - expected[name]).elements())[:5],
            sorted((expected[name] - found[name]).elements())[:5],
        )
        for name in expected
        if found[name] != expected[name]
    }
    assert differing == {}


@pytest.mark.parametrize(
    ("seed", "nights", "compared_from"),
    [(1, 2, 2), *(pytest.param(seed, 3, 1, marks=pytest.mark.battery) for seed in range(2, SEEDS))],
)
def test_touched_keys_give_what_all_keys_give_when_nights_are_drawn(
    shop: TouchedShop, seed: int, nights: int, compared_from: int
) -> None:
    with connect(shop.settings) as connection:
        factory = NightFactory(connection, seed, FIRST)
        factory.history(500)
        factory.opinions(500)
        factory.night(FIRST, 40)
        before = FIRST - timedelta(days=7)
        factory.clusters(before)
        keep(connection, before, [ValueFit(m, before, "accepted", None, 1, p, -1.0, {}) for m, p in PARAMETERS.items()])
    shop.build(FIRST)
    day = FIRST
    for night in range(1, nights + 1):
        day += timedelta(days=factory.draw.choice([1, 1, 1, 2, 9]))
        with shop.nights(factory):
            factory.night(day, 12)
        shop.build(day)
        if night >= compared_from:
            assert_same(shop.tables(), shop.worked_out_at_once(day))
        assert shop.grown_since_analyzed() == []
        published = shop.tables(schemas=("marts",))
        candidate = {name.replace("candidate", "marts"): rows for name, rows in shop.tables().items()}
        assert {name: candidate[name] for name in published} == published
    assert shop.partial == [False, *[True] * nights]


def test_data_tests_look_at_touched_rows_alone_when_a_night_works_those_out(shop: TouchedShop) -> None:
    factory = shop.begun(9, 100, FIRST)
    night = FIRST + timedelta(days=1)
    with shop.nights(factory):
        factory.night(night, 5)
    shop.build(night)
    with connect(shop.settings) as connection:
        connection.execute(ORDERS_OF_NONE, {"touched": False})
        for model in VIEW_AND_TABLE:
            assert shop.tested(model, night, only_touched=True) is None
        connection.execute(ORDERS_OF_NONE, {"touched": True})
    for model in VIEW_AND_TABLE:
        assert shop.tested(model, night, only_touched=True) == f"{model} fails for 1 rows"
        assert shop.tested(model, night, only_touched=False) == f"{model} fails for 2 rows"


def test_candidates_stay_whole_when_a_build_breaks_off_before_its_publication_and_runs_again(
    shop: TouchedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = shop.begun(8, 300, FIRST)
    night = FIRST + timedelta(days=1)
    with shop.nights(factory):
        factory.night(night, 20)
    with monkeypatch.context() as patch:
        patch.setattr(gate, "check", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            build(shop.settings, night)
    before = shop.tables(schemas=("candidate",))
    assert before["candidate.next_best_products"]
    shop.build(night)
    assert shop.partial[-1] is True
    assert_same(shop.tables(schemas=("candidate",)), before)


def test_past_days_turn_with_their_answerers_tier_alone_and_offers_with_their_products_name(shop: TouchedShop) -> None:
    late_night, night = FIRST + timedelta(days=3), FIRST + timedelta(days=4)
    written = [FIRST - timedelta(days=30 - n) for n in range(10)]
    with connect(shop.settings) as connection:
        raw = RawFactory(connection)
        for product in ("p1", "p2"):
            raw.insert("products", FIRST, product_id=product, name=product, category="tea")
        for n, day in enumerate(written):
            lines = [(1, f"{100 + n}", "0")] * (2 if n == 9 else 1)
            raw.order(f"o{n}", f"c{n}", FIRST - timedelta(days=40), lines, status="delivered", delivered_after=2)
            raw.review(f"r{n}", f"o{n}", day, 5)
    shop.build(FIRST + timedelta(days=2))
    with connect(shop.settings) as connection:
        raw.connection = connection
        raw.order("late", "c0", FIRST - timedelta(days=1), [(9, "100", "0")], known=late_night)
    shop.build(late_night)
    # Another one spends most since: c6 falls below three fifths of all, and is no valued customer any more.
    tier_days, answer_days = shop.touched("tier_days"), shop.touched("answer_days")
    assert written[6] in tier_days - answer_days
    assert written[3] not in tier_days
    with connect(shop.settings) as connection:
        raw.connection = connection
        buyer = raw.order("tonight", "c1", night, [(9, "500", "0")])
        raw.insert("products", night, product_id="p2", name="green tea", category="tea")
    shop.build(night)
    assert shop.touched("tier_days") == shop.touched("answer_days")
    assert shop.partial == [False, True, True]
    offers = [row for row in shop.tables()["candidate.next_best_products"] if '"green tea"' in row]
    assert any(not row.startswith(f"({buyer},") for row in offers)


def test_days_of_answers_turn_where_an_answer_does_or_what_it_is_told_apart_by(shop: TouchedShop) -> None:
    ordered, night = FIRST - timedelta(days=60), FIRST + timedelta(days=3)
    reviewed = [FIRST - timedelta(days=40 - n) for n in range(9)]
    with connect(shop.settings) as connection:
        raw = RawFactory(connection)
        for n, day in enumerate(reviewed[:8]):
            raw.order(
                f"o{n}", f"c{n}", ordered, status="delivered", delivered_after=2, promised_after=5, channel="online"
            )
            raw.review(f"r{n}", f"o{n}", day, 5)
        # What has not come is in no group for weights.
        raw.order("o8", "c8", ordered, channel="online")
        raw.review("r8", "o8", reviewed[8], 5)
    shop.build(FIRST + timedelta(days=2))
    with connect(shop.settings) as connection:
        raw.connection = connection
        again = {"status": "delivered", "promised_after": 5, "known": night}
        raw.refund("half", "o0", night, "50")
        raw.order("o1", "c1", ordered, delivered_after=2, channel="store", **again)
        raw.order("o2", "c2", ordered, [(1, "100", "0"), (1, "5", "0")], delivered_after=2, channel="online", **again)
        raw.order("o3", "c3", ordered, delivered_after=9, channel="online", **again)
        raw.review("r4", "o4", reviewed[4], 1, known=night)
        raw.review("r5", "o5", FIRST, 5, known=night)
        # An order is known by its newest review, so what else is said of it is looked at too.
        raw.review("more", "o6", reviewed[6] - timedelta(days=20), 5, known=night)
        raw.order("o7", "c7", ordered, delivered_after=2, channel="online", **again)
        raw.order("o8", "c8", ordered, channel="store", known=night)
    shop.build(night)
    assert shop.partial == [False, True]
    before_the_weights_that_turned = {day for day in shop.touched("answer_days") if day <= reviewed[8]}
    assert before_the_weights_that_turned == {reviewed[6] - timedelta(days=20), *reviewed[1:7], reviewed[8]}
    assert_same(shop.tables(), shop.worked_out_at_once(night))


def test_classes_turn_by_time_alone_when_an_absence_grows_long_enough_or_a_slow_buyers_still_longer(
    shop: TouchedShop,
) -> None:
    night = FIRST + timedelta(days=3)
    with connect(shop.settings) as connection:
        raw = RawFactory(connection)
        absences = {"at_risk": [91], "lost": [181], "slow_at_risk": [121, 221], "slow_as_before": [91, 191]}
        buyers = {
            name: {raw.order(f"{name}{days}", name, night - timedelta(days=days)) for days in each}
            for name, each in absences.items()
        }
    shop.build(FIRST + timedelta(days=2))
    with connect(shop.settings) as connection:
        raw.connection = connection
        raw.order("tonight", "new", night)
    shop.build(night)
    assert shop.partial == [False, True]
    with connect(shop.settings) as connection:
        turned = connection.execute(
            "select customer_key, lifecycle from marts.customer_segments where since = %s and lifecycle <> 'new'",
            (night,),
        ).fetchall()
    assert dict(turned) == {
        key: lifecycle
        for name, lifecycle in (("at_risk", "at_risk"), ("lost", "lost"), ("slow_at_risk", "at_risk"))
        for key in buyers[name]
    }
    assert_same(shop.tables(), shop.worked_out_at_once(night))


def test_all_is_worked_out_when_the_date_goes_back_and_touched_keys_again_after_it(shop: TouchedShop) -> None:
    factory = shop.begun(4, 300, FIRST)
    back = FIRST - timedelta(days=3)
    with shop.nights(factory):
        factory.late_file(FIRST)
    made_first = shop.made()
    shop.build(back)
    assert shop.partial[-1] is False
    assert not made_first.items() & (made_anew := shop.made()).items()
    shop.build(FIRST + timedelta(days=1))
    assert shop.partial[-1] is True
    assert shop.made() == made_anew
    assert_same(shop.tables(), shop.worked_out_at_once(FIRST + timedelta(days=1)))


@pytest.mark.battery
def test_nothing_is_lost_when_old_deliveries_are_mended_and_a_build_breaks_off_behind_the_weights(
    shop: TouchedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever begins again sees no old weights any more."""
    with connect(shop.settings) as connection:
        factory = NightFactory(connection, 5, FIRST)
        factory.history(300)
        late = factory.opinions(200)
    shop.build(FIRST)
    before = shop.tables()["intermediate.int_answers__weighted"]
    night = FIRST + timedelta(days=2)
    with shop.nights(factory):
        factory.night(night, 12)
        for order_id in late[:20]:
            factory.delivered_in_time(night, order_id)
    shop.build_killed_after("int_response__weights", night, monkeypatch)
    with connect(shop.settings) as connection:
        # Some tables stand at the night, others at the first day: a day between them is none of both.
        assert not state.begin(connection, shop.settings, FIRST + timedelta(days=1))
        connection.execute(
            "insert into ops.build_state values (true, %s, %s, %s, 'nothing')",
            (FIRST, state.fingerprint(shop.settings), night),
        )
    shop.build(night)
    assert shop.partial[-1] is True
    assert_same(shop.tables(), shop.worked_out_at_once(night))
    reweighed = before - shop.tables()["intermediate.int_answers__weighted"]
    assert any(not about(row, late[:20]) for row in reweighed)


@pytest.mark.battery
@pytest.mark.parametrize(("feed", "model"), [("refunds", "stg_refunds"), ("ticket_events", "stg_ticket_events")])
def test_nothing_is_lost_when_rows_leave_raw_and_a_build_breaks_off_behind_the_table_that_told_whose_they_were(
    shop: TouchedShop, monkeypatch: pytest.MonkeyPatch, feed: str, model: str
) -> None:
    with connect(shop.settings) as connection:
        factory = NightFactory(connection, 6, FIRST)
        factory.history(300)
        factory.night(FIRST, 60)
    shop.build(FIRST)
    night = FIRST + timedelta(days=1)
    with connect(shop.settings) as connection:
        assert connection.execute(f"delete from raw.{feed}".encode()).rowcount > 0
    shop.build_killed_after(model, night, monkeypatch)
    shop.build(night)
    assert shop.partial[-1] is True
    assert_same(shop.tables(), shop.worked_out_at_once(night))


@pytest.mark.battery
def test_complaints_turn_by_what_comes_of_their_order_when_no_order_and_no_review_does(shop: TouchedShop) -> None:
    night, written = FIRST + timedelta(days=1), FIRST - timedelta(days=5)
    with connect(shop.settings) as connection:
        raw = RawFactory(connection)
        for name in ("back", "settled", "answered", "blamed", "asked", "other"):
            ordered = FIRST - timedelta(days=20)
            raw.order(name, name, ordered, status="delivered", promised_after=3, delivered_after=2)
            replied = noon(night, 9) if name == "answered" else None
            raw.review(f"of_{name}", name, written, 1, answered_at=replied)
        ticket = {"class": "site", "priority": "normal", "status": "open", "opened_at": noon(written)}
        raw.insert(
            "tickets", written, ticket_id="t1", customer_id="settled", order_id="settled", kind="complaint", **ticket
        )
        asked = {"request_id": "q1", "order_id": "asked", "asked_at": noon(written)}
        raw.insert("survey_requests", written, customer_id="asked_by_another_account", **asked)
        raw.identity("asked_by_another_account")
    shop.build(FIRST)
    before = shop.tables()
    with connect(shop.settings) as connection:
        raw.connection = connection
        back = {
            "kind": "refund",
            "reason": "quality",
            "status": "completed",
            "units": 1,
            "requested_at": noon(night, 8),
        }
        raw.insert("returns", night, return_id="b1", line_no=1, order_id="back", **back)
        raw.insert("ticket_events", night, event_id="e1", ticket_id="t1", action="resolved", occurred_at=noon(night))
        blame = ticket | {"class": "product", "kind": "complaint", "opened_at": noon(night)}
        raw.insert("tickets", night, ticket_id="t2", customer_id="blamed", order_id="blamed", **blame)
        raw.merge("asked_by_another_account", "asked", night)
    shop.build(night)
    assert shop.partial[-1] is True
    after = shop.tables()
    assert_same(after, shop.worked_out_at_once(night))
    turned = before["candidate.feedback_cases"] - after["candidate.feedback_cases"]
    assert sorted(row for row in turned if about(row, ["of_blamed", "of_asked", "of_other"])) == []
    assert all(any(about(row, [name]) for row in turned) for name in ("of_back", "of_settled", "of_answered"))
    assert before["staging.stg_survey_requests"] != after["staging.stg_survey_requests"]
    spoken_of = before["intermediate.int_watchlist__lines"] - after["intermediate.int_watchlist__lines"]
    assert len(spoken_of) == 2
    assert all(about(row, ["back", "blamed"]) for row in spoken_of)


@pytest.mark.battery
def test_first_orders_are_told_anew_when_their_customers_turn_out_to_have_begun_on_another_day(
    shop: TouchedShop,
) -> None:
    with connect(shop.settings) as connection:
        factory = NightFactory(connection, 7, FIRST)
        factory.opinions(200)
    shop.build(FIRST)
    before = shop.tables()["intermediate.int_response__strata"]
    night = FIRST + timedelta(days=1)
    older, given = factory.firsts()[::2], factory.firsts()[1::2]
    with shop.nights(factory):
        for order_id in older:
            factory.older_order(night, order_id)
        for order_id in given:
            factory.given_to_another(night, order_id)
    shop.build(night)
    assert shop.partial[-1] is True
    assert_same(shop.tables(), shop.worked_out_at_once(night))
    turned = before - shop.tables()["intermediate.int_response__strata"]
    assert any(about(row, older) for row in turned)
    assert any(not about(row, older + given) for row in turned)


def about(row: str, order_ids: list[str]) -> bool:
    return any(f",{order_id}," in row for order_id in order_ids)
