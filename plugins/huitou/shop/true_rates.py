"""True rates of the shop: what was felt by all who were asked, beside what those who answered say."""

from __future__ import annotations

from typing import Any

import numpy as np

from huitou.shop.arrays import DAY, Bools, Floats, Ints
from huitou.shop.baskets import in_yuan
from huitou.shop.made import Shop
from huitou.shop.opinions import QUESTIONS


def true_rates(shop: Shop) -> dict[str, Any]:
    """Shares (0 to 1), NPS (-100 to 100) and means, each with its n, over what happened within the window."""
    closes = shop.window.closes
    orders, totals = shop.orders, shop.totals
    parcels = (orders.promised >= 0) & (orders.delivered >= 0) & (orders.delivered < closes)
    paid = (orders.paid >= 0) & (orders.paid < closes)
    refunded = np.zeros(len(paid), dtype=bool)
    refunded[shop.refunds.order[shop.refunds.refunded < closes]] = True
    reviewed = shop.reviews.created < closes
    stars, of_late = shop.reviews.stars[reviewed], orders.late[shop.reviews.order[reviewed]]
    yuan = in_yuan(totals.total, orders, shop.rates, shop.window) / 100
    return {
        "orders": len(paid),
        "customers": len(shop.buyers.registered),
        "customers_lost": share_of(shop.purchases.lost),
        "late": share_of(orders.late[parcels]),
        "refunded_of_paid": share_of(refunded[paid]),
        "foreign_currency": share_of(orders.currency > 0),
        "store": share_of(orders.store),
        "paid_order_value_cny": mean_of(yuan[paid]),
        "stars": mean_of(stars),
        "stars_when_late": mean_of(stars[of_late]),
        "stars_when_in_time": mean_of(stars[~of_late]),
        "survey": _survey(shop, closes),
        "survey_months": _survey_months(shop, closes),
    }


def _survey(shop: Shop, closes: int) -> dict[str, Any]:
    asked = shop.surveys.asked < closes
    answered = (shop.surveys.answered >= 0) & (shop.surveys.answered < closes)
    of_all, of_answers = _scores(shop, asked), _scores(shop, answered)
    values = {question: {"of_all_asked": of_all[question], "of_answers": of_answers[question]} for question in of_all}
    return {"response": share_of(answered[asked]), **values}


def _survey_months(shop: Shop, closes: int) -> dict[str, Any]:
    """By month what all say who were asked in it, answering or not."""
    asked = shop.surveys.asked < closes
    months = (shop.surveys.asked // DAY).astype("datetime64[D]").astype("datetime64[M]")
    return {str(month): _scores(shop, asked & (months == month)) for month in np.unique(months[asked])}


def _scores(shop: Shop, who: Bools) -> dict[str, Any]:
    """By question the score of these people."""
    score = {"CSAT": _csat, "NPS": _nps, "CES": mean_of}
    return {
        f"{metric.lower()}.{dimension}": score[metric](shop.surveys.scores[who, column])
        for column, (metric, dimension, *_) in enumerate(QUESTIONS)
    }


def share_of(values: Bools) -> dict[str, Any]:
    return mean_of(values)


def mean_of(values: Bools | Ints | Floats) -> dict[str, Any]:
    return {"value": round(float(values.mean()), 6) if len(values) else None, "n": len(values)}


def _csat(scores: Ints) -> dict[str, Any]:
    """The share of 4 and 5."""
    return mean_of(scores >= 4)


def _nps(scores: Ints) -> dict[str, Any]:
    """Per cent of 9 and 10 minus per cent of 0 to 6."""
    return mean_of(100.0 * (scores >= 9) - 100.0 * (scores <= 6))
