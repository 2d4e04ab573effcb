"""What each review truly speaks of: the labels of the phrases that it was put together from."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from huitou.shop.arrays import text_code, text_id
from huitou.shop.feed import Columns
from huitou.shop.made import Shop
from huitou.shop.opinion_feeds import tone_of, words_of
from huitou.shop.texts import DETAILS, LATE_DETAIL, OPENINGS, SPEAKS_OF, TITLES


def true_topics(shop: Shop) -> Columns:
    """One row a review and topic; a review that speaks of nothing in particular has the topic ``other``."""
    reviews = shop.reviews
    shown = np.flatnonzero(reviews.created < shop.window.closes)
    stars, draw = reviews.stars[shown], reviews.draw[shown]
    tone = tone_of(stars)
    late = shop.orders.late[reviews.order[shown]] & (draw % 4 > 0)
    delay = text_code(("", LATE_DETAIL), late.astype(np.int64))
    phrases = (
        words_of(TITLES, tone, draw),
        words_of(OPENINGS, tone, draw // 3),
        words_of(DETAILS, tone, draw // 7),
        delay,
    )
    ids = text_id("V", shown, 8).to_pylist()
    rows = [
        (review, topic, sentiment)
        for review, stars_given, *said in zip(ids, stars.tolist(), *(p.to_pylist() for p in phrases), strict=True)
        for topic, sentiment in _spoken_of(said, stars_given).items()
    ]
    names = ("review_id", "topic", "sentiment")
    return {name: pa.array([row[n] for row in rows], pa.string()) for n, name in enumerate(names)}


def _spoken_of(said: list[str], stars: int) -> dict[str, str]:
    """Topics and the sentiment of each; where phrases are in balance, or say nothing, that of the stars."""
    balance: Counter[str] = Counter()
    for phrase in said:
        for topic, sentiment in SPEAKS_OF.get(phrase, {}).items():
            balance[topic] += sentiment
    by_stars = (stars >= 4) - (stars <= 2)
    found = {topic: total or by_stars for topic, total in balance.items()} or {"other": by_stars}
    return {topic: "negative" if sign < 0 else "positive" if sign else "neutral" for topic, sign in found.items()}
