"""Words of customers on whether a channel may be used for marketing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import DAY, NEVER, Bools, Ints, stream
from huitou.shop.parameters import Parameters
from huitou.shop.people import Buyers, People
from huitou.shop.season import Season

SMS, EMAIL, PHONE = range(3)


@dataclass(frozen=True)
class Consents:
    """Consent events by instant. ``channel``: 0 sms, 1 email, 2 phone; ``yes``: an opt-in, else an opt-out."""

    customer: Ints
    channel: Ints
    yes: Bools
    occurred: Ints


def consent(buyers: Buyers, people: People, season: Season, p: Parameters, seed: int) -> Consents:
    """Opt-ins at registration, for channels that the customer has, and opt-outs at a steady rate after them."""
    rng = stream(seed, "consent")
    count = len(buyers.registered)
    customers, channels, answers, times = [], [], [], []
    for channel in (SMS, EMAIL, PHONE):
        has = (people.email if channel == EMAIL else people.phone) != NEVER
        yes = np.flatnonzero(has & (rng.random(count) < p.opt_in_shares[channel]))
        since = buyers.registered[yes] + 30 + channel
        wait = rng.exponential(365.25 / p.opt_outs_per_year[channel], len(yes)) * DAY
        until = since + np.floor(wait).astype(np.int64) + 1
        gone = until < season.window.closes
        customers += [yes, yes[gone]]
        channels.append(np.full(len(yes) + int(gone.sum()), channel))
        answers += [np.ones(len(yes), dtype=bool), np.zeros(int(gone.sum()), dtype=bool)]
        times += [since, until[gone]]
    customer, occurred = np.concatenate(customers), np.concatenate(times)
    channel_of, answer = np.concatenate(channels), np.concatenate(answers)
    place = np.lexsort((channel_of, customer, occurred))
    place = place[occurred[place] < season.window.closes]
    return Consents(customer[place], channel_of[place], answer[place], occurred[place])
