"""The shop's own earlier campaigns, and what its provider told of their messages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, HOUR, Bools, Ints, rows_of, stream
from huitou.shop.consent import EMAIL, SMS, Consents
from huitou.shop.parameters import Parameters
from huitou.shop.people import People
from huitou.shop.season import Window

DELIVERED, UNDELIVERED, CLICKED, UNSUBSCRIBED = range(4)
REPORTS = ("DELIVRD", "UNDELIV", "CLICK", "TD")
SENT_AT = 10 * HOUR + 30 * 60
NEVER_OUT = 1 << 60


@dataclass(frozen=True)
class Receipts:
    """Receipts in the order of time. ``message`` and ``customer`` by number; ``channel`` as in ``consent``.

    ``report``: a place in ``REPORTS``. ``dead``: the address does not exist.
    """

    message: Ints
    campaign: Ints
    customer: Ints
    channel: Ints
    report: Ints
    occurred: Ints
    dead: Bools


@dataclass(frozen=True)
class _Sent:
    """Messages of one campaign: to whom, when, and when each recipient takes the consent back."""

    customer: Ints
    sent: Ints
    until: Ints


def mail(consents: Consents, people: People, window: Window, p: Parameters, seed: int) -> Receipts:
    """Every ``campaign_days`` nights a share of those who then agree is written to, by SMS and e-mail by turns."""
    rng = stream(seed, "mailings")
    dead = rng.random((2, len(people.phone))) < p.dead_contact_share
    spans = [_agreed(consents, channel, len(people.phone)) for channel in (SMS, EMAIL)]
    parts: list[Receipts] = []
    first = 0
    for number, night in enumerate(range(p.campaign_days // 3, window.nights, p.campaign_days)):
        channel = (SMS, EMAIL)[number % 2]
        now = window.opens + night * DAY + SENT_AT
        since, until = spans[number % 2]
        able = (since < now) & (until > now) & (rng.random(len(since)) < p.campaign_share)
        customer = np.flatnonzero(able)
        sent = _Sent(customer, now + rng.integers(0, HOUR, len(customer)), until[customer])
        parts += _told(rng, sent, first, number, channel, dead[number % 2][customer], p)
        first += len(customer)
    receipts = _gathered(parts)
    inside = np.flatnonzero(receipts.occurred < window.closes)
    return rows_of(receipts, inside[np.argsort(receipts.occurred[inside], kind="stable")])


def _agreed(consents: Consents, channel: int, count: int) -> tuple[Ints, Ints]:
    """Since when and until when each customer agrees to the channel; never yet, and for ever, where nothing says so."""
    since, until = np.full(count, NEVER_OUT), np.full(count, NEVER_OUT)
    mine = consents.channel == channel
    said, out = mine & consents.yes, mine & ~consents.yes
    since[consents.customer[said]] = consents.occurred[said]
    until[consents.customer[out]] = consents.occurred[out]
    return since, until


def _told(
    rng: np.random.Generator, sent: _Sent, first: int, campaign: int, channel: int, dead: Bools, p: Parameters
) -> list[Receipts]:
    """Delivered or not, clicked once or twice, and unsubscribed by those who took the consent back soon after."""
    count = len(sent.customer)
    fails = dead | (rng.random(count) < p.undelivered_share)
    arrived = sent.sent + 2 + np.floor(rng.exponential(90, count)).astype(np.int64)
    clicks = ~fails & (rng.random(count) < p.click_shares[channel])
    clicked = arrived + 60 + np.floor(rng.exponential(0.5 * DAY, count)).astype(np.int64)
    twice = clicks & (rng.random(count) < 0.15)
    leaves = ~fails & (sent.until < sent.sent + p.unsubscribed_days * DAY) & (sent.until > arrived)
    reports = (
        (~fails, DELIVERED, arrived),
        (fails, UNDELIVERED, arrived),
        (clicks, CLICKED, clicked),
        (twice, CLICKED, clicked + 1 + rng.integers(30, 6 * HOUR, count)),
        (leaves, UNSUBSCRIBED, sent.until),
    )
    return [
        Receipts(
            message=first + np.flatnonzero(where),
            campaign=np.full(int(where.sum()), campaign),
            customer=sent.customer[where],
            channel=np.full(int(where.sum()), channel),
            report=np.full(int(where.sum()), report),
            occurred=when[where],
            dead=dead[where],
        )
        for where, report, when in reports
    ]


def _gathered(parts: list[Receipts]) -> Receipts:
    nothing = np.zeros(0, dtype=np.int64)
    empty = Receipts(nothing, nothing, nothing, nothing, nothing, nothing, nothing.astype(bool))
    return Receipts(*(np.concatenate([getattr(part, name) for part in (empty, *parts)]) for name in vars(empty)))
