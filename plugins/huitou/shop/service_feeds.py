"""The support desk's files: cases, and every step of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.shop.arrays import NEVER, Ints, blank, text_code, text_id, text_instant
from huitou.shop.customer_feeds import customer_number, phone_text
from huitou.shop.feed import Columns, Feed, Flaw, versions
from huitou.shop.made import Shop
from huitou.shop.opinion_feeds import ZONED, words_of
from huitou.shop.service import ANSWERED, CLOSED, OPENED, QUESTION, REOPENED, WAITING, classes, urgency
from huitou.shop.texts import CALL_ME, CASES, DESK_REMARKS

CLASSES = ("商品", "物流", "售后", "支付", "会员", "网站")
KINDS = ("投诉", "投诉", "咨询", "维修")
CHANNELS = ("在线客服", "热线", "邮件", "公众号")
STATES = ("处理中", "处理中", "待客户回复", "处理中", "已解决", "处理中", "已解决", "已关闭")
STEPS = ("创建", "客服回复", "待客户补充", "客户补充", "解决", "重新打开", "解决", "关闭")
CALLS_EVERY = 32


def service_feeds(shop: Shop) -> list[Feed]:
    return [_tickets(shop), _steps(shop)]


def _tickets(shop: Shop) -> Feed:
    tickets = shop.tickets
    at_once = np.zeros(len(tickets.order), dtype=np.int64)
    sent = versions(tickets.events, at_once, shop.window)

    def columns(records: Ints) -> Columns:
        row, state = sent.thing[records], sent.state[records]
        draw = tickets.draw[row]
        customer = shop.orders.customer[tickets.order[row]]
        # Who asks a question does not always say about which order.
        unsaid = (tickets.cause[row] == QUESTION) & (draw % 2 == 0)
        rating = np.where(state == CLOSED, tickets.rating[row], NEVER)
        return {
            "ticketNo": text_id("K", row, 8),
            "memberNo": customer_number(shop, customer),
            "orderNo": text_id("D", np.where(unsaid, NEVER, tickets.order[row]), 10),
            "category": text_code(CLASSES, classes(tickets)[row]),
            "kind": text_code(KINDS, tickets.cause[row]),
            "source": text_code(CHANNELS, np.minimum(draw // 4 % 6, 3)),
            "priority": text_code(("P1", "P2", "P3", "P4"), urgency(tickets)[row]),
            "state": text_code(STATES, state),
            "text": _subject(shop, tickets.cause[row], draw, customer),
            "rating": pa.array(rating, mask=rating < 0),
            "openedAt": text_instant(tickets.events[row, OPENED], ZONED),
            "updatedAt": text_instant(sent.instant[records], ZONED),
            "agentGroup": text_code(("A", "B"), draw % 2),
        }

    flaws = (
        Flaw("unknown_status", "state", "挂起"),
        Flaw("missing_id", "memberNo", None),
        Flaw("unparsable_date", "openedAt", "昨天下午"),
    )
    key = ("ticketNo", "updatedAt")
    return Feed("tickets", "tickets.jsonl.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def _subject(shop: Shop, cause: Ints, draw: Ints, customer: Ints) -> Any:
    """What the customer wrote; some leave their phone number in it."""
    phone = shop.people.phone[customer]
    calls = (draw // 8 % CALLS_EVERY == 0) & (phone >= 0)
    number = pc.coalesce(blank(phone_text(phone), ~calls), pa.scalar(""))
    call_me = text_code(("", CALL_ME), calls.astype(np.int64))
    return pc.binary_join_element_wise(words_of(CASES, cause, draw // 3), call_me, number, "")


def _steps(shop: Shop) -> Feed:
    tickets = shop.tickets
    ticket, step = np.nonzero((tickets.events >= 0) & (tickets.events < shop.window.closes))
    instant = tickets.events[ticket, step]
    place = np.lexsort((step, ticket, instant))
    ticket, step, instant = ticket[place], step[place], instant[place]
    night = shop.window.night_of(instant)
    by_customer = np.isin(step, (OPENED, ANSWERED, REOPENED)).astype(np.int64)

    def columns(records: Ints) -> Columns:
        row, what = ticket[records], step[records]
        draw = tickets.draw[row] // 5
        silent = np.isin(what, (OPENED, WAITING, CLOSED))
        return {
            "log_no": text_id("L", records, 9),
            "ticket_no": text_id("K", row, 8),
            "step": text_code(STEPS, what),
            "by_whom": text_code(("客服", "客户", "系统"), np.where(what == CLOSED, 2, by_customer[records])),
            "remark": blank(words_of(DESK_REMARKS, by_customer[records], draw), silent),
            "logged_at": text_instant(instant[records]),
        }

    flaws = (
        Flaw("unknown_action", "step", "转派"),
        Flaw("missing_id", "ticket_no", None),
        Flaw("unparsable_date", "logged_at", "2026-02-30 10:00:00"),
    )
    return Feed(
        "ticket_events",
        "ticket_events.csv.gz",
        ("log_no",),
        night,
        instant,
        night * 0,
        columns,
        flaws,
        multiline=("remark",),
    )
