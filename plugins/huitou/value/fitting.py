"""Fits what SQL cannot: reads customers, finds parameters, tests them against a holdout, keeps them with the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import psycopg

from huitou.value import backtest, bg_nbd, gamma_gamma, sample
from huitou.value.backtest import Backtest, Parameters
from huitou.value.bg_nbd import Purchases
from huitou.value.fits import MODELS, ValueFit, in_use_before, keep
from huitou.value.gamma_gamma import Spend
from huitou.value.maximum import Maximum


def fit(connection: psycopg.Connection, as_of: date, asked: bool = False) -> list[ValueFit]:
    """Fit both models to the customers of ``as_of`` and keep what came of it, accepted or not.

    Reads ``intermediate.int_customers__purchases`` and ``int_value__backtest``, which must stand at ``as_of``. The
    same rows give the same fits. A fit that did not converge, or that told the holdout worse than the one in use, is
    kept with its reason and never scored with.
    """
    missing = sample.lacking(connection, as_of)
    if missing:
        customers = sample.customers(connection)
        fits = [ValueFit(model, as_of, "not_enough_data", missing, customers) for model in MODELS]
    else:
        people, spend = sample.read(connection, as_of)
        fits = [_orders(connection, as_of, people), _worth(connection, as_of, spend)]
    fits = [replace(one, asked=asked) for one in fits]
    keep(connection, as_of, fits)
    return fits


def _orders(connection: psycopg.Connection, as_of: date, people: Purchases) -> ValueFit:
    days, held_out = sample.holdout_days(connection), sample.held_out_orders(connection)
    shown = people.total and int(people.repeats.max()) > 0 and held_out.purchases.total
    if not shown or int(held_out.purchases.repeats.max()) == 0:
        return _nothing("bg_nbd", as_of, people.total, "nobody bought twice, in all or before the holdout")
    return _judged(
        ("bg_nbd", as_of, people.total),
        bg_nbd.NAMES,
        (bg_nbd.fit(people), bg_nbd.fit(held_out.purchases)),
        lambda told, in_use: backtest.of_orders(held_out, days, told, in_use),
        in_use_before(connection, "bg_nbd", as_of),
    )


def _worth(connection: psycopg.Connection, as_of: date, spend: Spend) -> ValueFit:
    days, worth = sample.holdout_days(connection), sample.held_out_worth(connection)
    if not len(worth.spend.total) or not len(worth.later):
        return _nothing(
            "gamma_gamma", as_of, len(spend.total), "no repeat purchase of known worth before or in the holdout"
        )
    return _judged(
        ("gamma_gamma", as_of, len(spend.total)),
        gamma_gamma.NAMES,
        (gamma_gamma.fit(spend), gamma_gamma.fit(worth.spend)),
        lambda told, in_use: backtest.of_worth(worth, days, told, in_use),
        in_use_before(connection, "gamma_gamma", as_of),
    )


def _nothing(model: str, as_of: date, customers: int, reason: str) -> ValueFit:
    return ValueFit(model, as_of, "not_enough_data", reason, customers)


def _judged(
    what: tuple[str, date, int],
    names: tuple[str, ...],
    found: tuple[Maximum, Maximum],
    test: Callable[[Parameters, Parameters | None], Backtest],
    in_use: ValueFit | None,
) -> ValueFit:
    """``found``: the fit to everything, and the one to what came before the holdout."""
    whole, before = found
    known = in_use.backtest["parameters"] if in_use and in_use.backtest else None
    tested = None if before.trouble else test(before.parameters, tuple(known[n] for n in names) if known else None)
    reason = whole.trouble or (before.trouble and f"before the holdout: {before.trouble}") or _worse(tested, in_use)
    return ValueFit(
        *what[:2],
        "refused" if reason else "accepted",
        reason,
        what[2],
        *_numbers(names, whole),
        tested.stored() if tested else None,
    )


def _numbers(names: tuple[str, ...], found: Maximum) -> tuple[dict[str, float] | None, float | None]:
    """Parameters by name and log-likelihood, as far as they are numbers."""
    if not all(math.isfinite(number) for number in (*found.parameters, found.log_likelihood)):
        return None, None
    return dict(zip(names, found.parameters, strict=True)), found.log_likelihood


def _worse(tested: Backtest | None, in_use: ValueFit | None) -> str | None:
    if tested is None or not tested.is_worse:
        return None
    if tested.score_in_use is None or in_use is None:
        return "its back-test gives no number"
    return (
        f"it tells the last {tested.days} days worse than the fit of {in_use.as_of}, which stays in use: "
        f"deviance {tested.score:.6g} against {tested.score_in_use:.6g}"
    )
