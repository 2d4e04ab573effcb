"""The review system's and the survey tool's files."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.shop.arrays import NEVER, Bools, Ints, blank, text_code, text_id, text_instant, text_number
from huitou.shop.customer_feeds import customer_number
from huitou.shop.feed import Columns, Feed, Flaw, versions
from huitou.shop.made import Shop
from huitou.shop.opinions import QUESTIONS
from huitou.shop.texts import COMMENTS, DETAILS, LATE_DETAIL, OPENINGS, TITLES

TOPICS = {"overall": "总体", "product": "商品", "service": "服务", "site": "网站", "delivery": "配送"}
ZONED = "%Y-%m-%dT%H:%M:%S+08:00"
NPS = [metric for metric, *_ in QUESTIONS].index("NPS")


def opinion_feeds(shop: Shop) -> list[Feed]:
    return [_reviews(shop), _surveys(shop), _requests(shop)]


def _reviews(shop: Shop) -> Feed:
    orders, reviews = shop.orders, shop.reviews
    events = np.stack([reviews.created, reviews.answered], axis=1)
    sent = versions(events, orders.known[reviews.order], shop.window)

    def columns(records: Ints) -> Columns:
        row = sent.thing[records]
        answered = np.where(sent.state[records] == 1, reviews.answered[row], NEVER)
        tone, draw = tone_of(reviews.stars[row]), reviews.draw[row]
        late = shop.orders.late[reviews.order[row]]
        return {
            "id": text_id("V", row, 8),
            "orderNo": text_id("D", reviews.order[row], 10),
            "sku": text_id("P", reviews.product[row], 4),
            "stars": pa.array(reviews.stars[row]),
            "title": words_of(TITLES, tone, draw),
            "text": _review_text(tone, draw, late),
            "createdAt": text_instant(reviews.created[row], ZONED),
            "repliedAt": text_instant(answered, ZONED),
            "updatedAt": text_instant(sent.instant[records], ZONED),
            "appVersion": text_code(("8.1.0", "8.2.3", "web"), draw % 3),
        }

    flaws = (Flaw("out_of_range", "stars", 9), Flaw("missing_id", "orderNo", None))
    key = ("id", "updatedAt")
    return Feed("reviews", "reviews.jsonl.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def tone_of(stars: Ints) -> Ints:
    """0 unhappy for 1 and 2 stars, 1 so-so for 3, 2 happy for 4 and 5."""
    return np.searchsorted(np.array([2, 3]), stars).astype(np.int64)


@cache
def _flat(groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], Ints, Ints]:
    sizes = np.array([len(group) for group in groups])
    return tuple(word for group in groups for word in group), sizes, np.cumsum(sizes) - sizes


def words_of(groups: tuple[tuple[str, ...], ...], group: Ints, draw: Ints) -> Any:
    """A word out of each row's group."""
    words, sizes, starts = _flat(groups)
    return text_code(words, starts[group] + draw % sizes[group])


def _review_text(tone: Ints, draw: Ints, late: Bools) -> Any:
    detail = words_of(DETAILS, tone, draw // 7)
    delay = text_code(("", LATE_DETAIL), (late & (draw % 4 > 0)).astype(np.int64))
    return pc.binary_join_element_wise(words_of(OPENINGS, tone, draw // 3), detail, delay, "")


def _sent_by(shop: Shop, survey: Ints) -> Any:
    """By SMS or e-mail, as the customer can be reached."""
    people, customer = shop.people, shop.orders.customer[shop.surveys.order[survey]]
    by_mail = (people.phone[customer] < 0) | ((people.email[customer] >= 0) & (shop.surveys.draw[survey] % 2 == 1))
    return text_code(("短信", "邮件"), by_mail.astype(np.int64))


def _requests(shop: Shop) -> Feed:
    orders, surveys = shop.orders, shop.surveys
    sent = versions(surveys.asked[:, None], orders.known[surveys.order], shop.window)

    def columns(records: Ints) -> Columns:
        row = sent.thing[records]
        order = surveys.order[row]
        return {
            "request_no": text_id("Q", row, 8),
            "member_no": customer_number(shop, orders.customer[order]),
            "order_no": text_id("D", order, 10),
            "form": text_code(("收货后问卷",), np.zeros_like(row)),
            "sent_by": _sent_by(shop, row),
            "sent_at": text_instant(surveys.asked[row]),
        }

    flaws = (Flaw("unknown_channel", "sent_by", "传真"), Flaw("missing_id", "member_no", None))
    return Feed(
        "survey_requests",
        "survey_requests.csv.gz",
        ("request_no",),
        sent.night,
        sent.instant,
        sent.late_by,
        columns,
        flaws,
    )


def _surveys(shop: Shop) -> Feed:
    orders, surveys = shop.orders, shop.surveys
    asked = np.flatnonzero(surveys.answered >= 0)
    survey = np.repeat(asked, len(QUESTIONS))
    question = np.tile(np.arange(len(QUESTIONS)), len(asked))
    sent = versions(surveys.answered[survey][:, None], orders.known[surveys.order[survey]], shop.window)

    def columns(records: Ints) -> Columns:
        row, asks = survey[sent.thing[records]], question[sent.thing[records]]
        score, draw = surveys.scores[row, asks], surveys.draw[row]
        remark = words_of(COMMENTS, np.searchsorted(np.array([6, 8]), score).astype(np.int64), draw // 5)
        order = surveys.order[row]
        return {
            "response_no": text_id("Q", row, 8),
            "member_no": customer_number(shop, orders.customer[order]),
            "order_no": text_id("D", order, 10),
            "metric": text_code(tuple(metric for metric, *_ in QUESTIONS), asks),
            "topic": text_code(tuple(TOPICS[topic] for _, topic, *_ in QUESTIONS), asks),
            "answer": text_number(score),
            "remark": blank(remark, (asks != NPS) | (draw % 5 > 0)),
            "sent_at": text_instant(surveys.asked[row]),
            "answered_at": text_instant(surveys.answered[row]),
            "form": _sent_by(shop, row),
        }

    flaws = (
        Flaw("not_a_number", "answer", "非常满意"),
        Flaw("unknown_metric", "metric", "满意度"),
        Flaw("missing_id", "response_no", None),
    )
    return Feed(
        "survey_responses",
        "survey_responses.csv.gz",
        ("response_no", "metric", "topic"),
        sent.night,
        sent.instant,
        sent.late_by,
        columns,
        flaws,
        multiline=("remark",),
    )
