"""What is planted as fraud: its shape, its truth, and that the shop beside it stays as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

import numpy as np

from huitou.shop.catalogue import make_catalogue
from huitou.shop.fraud import HONEST, LEAST_NIGHTS, REFUND_LOOP, SCHEMES, Fraud, plant_fraud
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window

UNTIL = date(2026, 11, 20)
Truth = Callable[[str], list[dict[str, str]]]
Drop = Callable[[str, str], dict[int, dict[str, str | None]]]


def planted(customers: int, nights: int, seed: int = 3) -> Fraud:
    window, p = Window.ending(UNTIL, nights), Parameters()
    return plant_fraud(customers, make_catalogue(window, p, seed), window, p, seed)


def test_one_ring_of_each_scheme_for_every_two_thousand_customers() -> None:
    for customers, rings in ((200, 1), (2_000, 1), (10_000, 5)):
        accounts = planted(customers, 120).accounts
        each = {scheme: len(set(accounts.ring[accounts.scheme == scheme])) for scheme in range(len(SCHEMES))}
        assert each == {scheme: rings * (2 if scheme == HONEST else 1) for scheme in range(len(SCHEMES))}


def test_nothing_is_planted_when_the_shop_is_small_or_short() -> None:
    for customers, nights in ((199, 120), (2_000, LEAST_NIGHTS - 1)):
        fraud = planted(customers, nights)
        assert len(fraud.accounts.ring) == len(fraud.deeds.ordered) == 0


def test_deeds_lie_in_the_window_by_instant_and_after_their_accounts() -> None:
    for nights in (LEAST_NIGHTS, 45, 365):
        window, fraud = Window.ending(UNTIL, nights), planted(20_000, nights)
        deeds = fraud.deeds
        assert deeds.ordered.min() >= window.opens
        assert deeds.ordered.max() < window.closes
        assert (np.diff(deeds.ordered) >= 0).all()
        assert (deeds.ordered > fraud.accounts.registered[deeds.account]).all()


def test_loops_send_back_all_but_one_of_six() -> None:
    fraud = planted(2_000, 120)
    mine = fraud.accounts.scheme[fraud.deeds.account] == REFUND_LOOP
    assert mine.sum() == 6
    assert (fraud.deeds.refunded[mine] >= 0).sum() == 5


def test_truth_names_every_planted_order_that_the_files_show(truth: Truth, drop: Drop) -> None:
    cheats = {row["order_id"]: row for row in truth("fraud_orders.csv")}
    accounts = {row["customer_id"] for row in truth("fraud_accounts.csv")}
    assert Counter(row["scheme"] for row in cheats.values()).keys() == set(SCHEMES)
    honest = {row["order_id"] for row in truth("orders.csv.gz")}
    assert not honest & cheats.keys()
    sent: dict[str, str | None] = {}
    for night in {row["night"] for row in truth("sent.csv")}:
        for row in drop(night, "orders.csv.gz").values():
            if row["会员号"] in accounts and row["订单号"]:
                sent[row["订单号"]] = row["会员号"]
    assert sent == {order: row["customer_id"] for order, row in cheats.items()}
