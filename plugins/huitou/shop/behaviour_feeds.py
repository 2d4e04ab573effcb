"""The app's event log, the points system's postings, and the message provider's receipts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.shop.arrays import NEVER, Ints, blank, text_code, text_id, text_instant, text_number
from huitou.shop.browsing import ACTIONS, DEVICES, SEARCH, SEARCH_WORDS
from huitou.shop.consent import EMAIL
from huitou.shop.customer_feeds import customer_number, email_text, phone_text
from huitou.shop.feed import Columns, Feed, Flaw
from huitou.shop.ledger import REASONS, TYPES
from huitou.shop.made import Shop
from huitou.shop.mailings import REPORTS, UNDELIVERED
from huitou.shop.opinion_feeds import ZONED


def behaviour_feeds(shop: Shop) -> list[Feed]:
    return [_behaviour(shop), _points(shop), _receipts(shop)]


def _behaviour(shop: Shop) -> Feed:
    did = shop.behaviour
    night = shop.window.night_of(did.occurred)

    def columns(records: Ints) -> Columns:
        what, action = did.what[records], did.action[records]
        return {
            "event_id": text_id("E", records, 10),
            "member_no": blank(customer_number(shop, did.customer[records]), ~did.known[records]),
            "session": text_id("S", did.visit[records], 9),
            "client": text_code(tuple(name for name, _ in DEVICES), did.device[records]),
            "event": text_code(ACTIONS, action),
            "sku": text_id("P", np.where(action == SEARCH, NEVER, what), 4),
            "query": text_code(SEARCH_WORDS, np.where(action == SEARCH, what, NEVER)),
            "event_time": pa.array(did.occurred[records]).cast(pa.timestamp("s")).cast(pa.timestamp("ms")),
            "app_version": text_code(("8.1.0", "8.2.3"), did.visit[records] % 2),
        }

    flaws = (Flaw("unknown_action", "event", "hover"), Flaw("missing_id", "event_id", None))
    return Feed(
        "behaviour_events",
        "behaviour_events.parquet",
        ("event_id",),
        night,
        did.occurred,
        np.zeros_like(night),
        columns,
        flaws,
    )


def _points(shop: Shop) -> Feed:
    points = shop.points
    night = shop.window.night_of(points.occurred)

    def columns(records: Ints) -> Columns:
        return {
            "posting_no": text_id("J", records, 9),
            "member_no": customer_number(shop, points.customer[records]),
            "lot_no": text_id("B", points.lot[records], 9),
            "type": text_code(TYPES, points.type[records]),
            "points": text_number(points.points[records]),
            "reason": text_code(REASONS, points.reason[records]),
            "order_no": text_id("D", points.order[records], 10),
            "valid_until": text_instant(points.expires[records]),
            "posted_at": text_instant(points.occurred[records]),
        }

    flaws = (
        Flaw("not_a_number", "points", "一百"),
        Flaw("unknown_action", "type", "赠送"),
        Flaw("missing_id", "member_no", None),
    )
    return Feed(
        "points_events",
        "points_events.csv.gz",
        ("posting_no",),
        night,
        points.occurred,
        np.zeros_like(night),
        columns,
        flaws,
    )


def _receipts(shop: Shop) -> Feed:
    receipts, people = shop.receipts, shop.people
    night = shop.window.night_of(receipts.occurred)

    def columns(records: Ints) -> Columns:
        customer, report = receipts.customer[records], receipts.report[records]
        by_mail = receipts.channel[records] == EMAIL
        campaign = text_id("MK", receipts.campaign[records], 3)
        # A dead address fails for the same cause each time; any other failure is the network's.
        why = np.where(report == UNDELIVERED, receipts.dead[records].astype(np.int64), NEVER)
        return {
            "bizId": text_id("9", receipts.message[records], 11),
            "outId": pc.binary_join_element_wise(campaign, customer_number(shop, customer), "-"),
            "product": text_code(("SMS", "MAIL"), by_mail.astype(np.int64)),
            "mobile": blank(phone_text(people.phone[customer]), by_mail),
            "email": blank(email_text(people, customer), ~by_mail),
            "report": text_code(REPORTS, report),
            "errCode": text_code(("TIMEOUT", "NO_SUCH_ADDRESS"), why),
            "reportTime": text_instant(receipts.occurred[records], ZONED),
        }

    flaws = (
        Flaw("unknown_status", "report", "BLACKHOLE"),
        Flaw("missing_id", "bizId", None),
        Flaw("unparsable_date", "reportTime", "2026-02-30T10:00:00+08:00"),
    )
    return Feed(
        "message_receipts",
        "message_receipts.jsonl.gz",
        ("bizId", "report", "reportTime"),
        night,
        receipts.occurred,
        np.zeros_like(night),
        columns,
        flaws,
    )
