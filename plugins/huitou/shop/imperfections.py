"""What goes wrong on the way: rows sent twice, sent again, spoiled, and mended the next night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.shop.arrays import Ints, stream
from huitou.shop.feed import Feed
from huitou.shop.parameters import Parameters

GOOD, BAD, DUPLICATE, RESENT, MENDED = range(5)
MARKS = ("good", "bad", "duplicate", "resent", "mended")
NO_FLAW = -1


@dataclass(frozen=True)
class Rows:
    """The rows of one feed in the order of writing.

    ``record``: which record a row shows; ``mark``: a place in ``MARKS``; ``flaw``: a place in the feed's flaws
    for bad rows; ``line``: the line of its file that the row begins on, set when it is written.
    """

    record: Ints
    night: Ints
    mark: Ints
    flaw: Ints
    line: Ints

    def of_night(self, night: int) -> slice:
        """Where a night's rows stand."""
        start, stop = np.searchsorted(self.night, [night, night + 1])
        return slice(int(start), int(stop))


def plant(feed: Feed, nights: int, p: Parameters, seed: int) -> Rows:
    """All rows of a feed. No record is chosen for two imperfections, and late records for none."""
    count = len(feed.night)
    base = np.arange(count)
    chosen = _choose(feed, nights - 1, p, seed) if feed.flaws else _Chosen(*[base[:0]] * 5)
    again = [base, chosen.duplicates, chosen.resent, chosen.mended]
    record = np.concatenate(again)
    mark = np.repeat([GOOD, DUPLICATE, RESENT, MENDED], [len(part) for part in again])
    flaw = np.full(len(record), NO_FLAW)
    mark[chosen.bad], flaw[chosen.bad] = BAD, chosen.flaws
    night = feed.night[record] + np.isin(mark, (RESENT, MENDED))
    place = np.lexsort((mark, record, feed.instant[record], night))
    return Rows(record[place], night[place], mark[place], flaw[place], np.zeros(len(record), dtype=np.int64))


@dataclass(frozen=True)
class _Chosen:
    bad: Ints
    flaws: Ints
    mended: Ints
    duplicates: Ints
    resent: Ints


def _choose(feed: Feed, last: int, p: Parameters, seed: int) -> _Chosen:
    rng = stream(seed, f"imperfections.{feed.name}")
    lots = rng.permutation(np.flatnonzero(feed.late_by == 0))
    before_last = feed.night[lots] < last
    lots = np.concatenate([lots[before_last], lots[~before_last]])
    able = int(before_last.sum())
    bad_count = min(_how_many(p.bad_share, len(feed.night), len(feed.flaws)), able)
    resent_count = min(_how_many(p.resent_share, len(feed.night), 2), able - bad_count)
    bad, resent, rest = np.split(lots, [bad_count, bad_count + resent_count])
    duplicates = rng.permutation(rest)[: _how_many(p.duplicate_share, len(feed.night), 2)]
    mended = bad[rng.random(len(bad)) >= p.never_mended_share]
    return _Chosen(bad, np.arange(len(bad)) % max(len(feed.flaws), 1), mended, duplicates, resent)


def _how_many(share: float, rows: int, least: int) -> int:
    """A share of the rows; ``least`` where that is too few to be seen, but never more than one in twenty."""
    return max(round(share * rows), min(least, rows // 20))
