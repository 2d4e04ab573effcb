"""What follows an order: parcels, goods that come back, and coupons used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from huitou.shop.arrays import NEVER, Ints, text_code, text_id, text_instant, text_money, text_number
from huitou.shop.baskets import COUPONS
from huitou.shop.customer_feeds import city_of, customer_number
from huitou.shop.feed import Columns, Feed, Flaw, versions
from huitou.shop.made import Shop
from huitou.shop.parameters import CURRENCIES
from huitou.shop.parcels import CARRIERS, COMPLETED, KINDS, RETURN_REASONS, returned_lines
from huitou.shop.people import all_cities
from huitou.shop.texts import RETURN_REMARKS

PARCEL_STATES = ("运输中", "派送未成功", "已签收")
RETURN_STATES = ("待审核", "已同意", "已拒绝", "已收货", "已完成")
DEPOTS = ("一部", "二部", "三部")
LETTERS = tuple("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
CODE_LENGTH = 6
CODE_STRIDE = 387_420_489  # odd, so that the walk through the codes meets each once


def after_order_feeds(shop: Shop) -> list[Feed]:
    return [_deliveries(shop), _returns(shop), _redemptions(shop)]


def _deliveries(shop: Shop) -> Feed:
    orders, parcels = shop.orders, shop.parcels
    events = np.stack([parcels.shipped, parcels.attempted, parcels.delivered], axis=1)
    sent = versions(events, orders.known[parcels.order], shop.window)

    def columns(records: Ints) -> Columns:
        row, state = sent.thing[records], sent.state[records]
        order = parcels.order[row]
        city = city_of(shop, orders.customer[order], orders.ordered[order])
        tries = (parcels.attempted[row] >= 0).astype(np.int64) * (state > 0) + (state == 2)
        return {
            "运单号": text_id("YD", row, 9),
            "订单号": text_id("D", order, 10),
            "承运商": text_code(tuple(carrier[0] for carrier in CARRIERS), parcels.carrier[row]),
            "省份": text_code(tuple(place[1] for place in all_cities()), city),
            "城市": text_code(tuple(place[0] for place in all_cities()), city),
            "状态": text_code(PARCEL_STATES, state),
            "派送次数": text_number(tries),
            "揽收时间": text_instant(parcels.shipped[row]),
            "承诺送达时间": text_instant(orders.promised[order]),
            "签收时间": text_instant(np.where(state == 2, parcels.delivered[row], NEVER)),
            "更新时间": text_instant(sent.instant[records]),
            "网点": text_code(DEPOTS, row % len(DEPOTS)),
        }

    flaws = (
        Flaw("unknown_status", "状态", "待审核"),
        Flaw("not_a_number", "派送次数", "两件"),
        Flaw("missing_id", "订单号", None),
    )
    key = ("运单号", "更新时间")
    return Feed(
        "deliveries",
        "deliveries.csv.gz",
        key,
        sent.night,
        sent.instant,
        sent.late_by,
        columns,
        flaws,
        encoding="gbk",
    )


def _returns(shop: Shop) -> Feed:
    returns, lines = shop.returns, shop.lines
    request, line = returned_lines(returns, lines)
    sent = versions(returns.events[request], shop.orders.known[returns.order[request]], shop.window)

    def columns(records: Ints) -> Columns:
        row, state = request[sent.thing[records]], sent.state[records]
        returned = line[sent.thing[records]]
        reached = np.where(returns.events[row] <= sent.instant[records][:, None], returns.events[row], NEVER)
        return {
            "return_no": text_id("TH", row, 8),
            "order_no": text_id("D", returns.order[row], 10),
            "line_no": text_number(lines.number[returned]),
            "qty": text_number(lines.quantity[returned]),
            "kind": text_code(KINDS, returns.kind[row]),
            "reason": text_code(RETURN_REASONS, returns.reason[row]),
            "remark": text_code(RETURN_REMARKS, returns.draw[row] % len(RETURN_REMARKS)),
            "state": text_code(RETURN_STATES, state),
            "requested_at": text_instant(reached[:, 0]),
            "approved_at": text_instant(reached[:, 1]),
            "received_at": text_instant(reached[:, 3]),
            "refund_no": text_id("T", np.where(state == COMPLETED, returns.refund[row], NEVER), 8),
            "modified_at": text_instant(sent.instant[records]),
            "completed_at": text_instant(reached[:, 4]),
        }

    flaws = (
        Flaw("unknown_status", "state", "待审核中"),
        Flaw("not_a_number", "qty", "两件"),
        Flaw("unparsable_date", "requested_at", "昨天下午"),
    )
    key = ("return_no", "line_no", "modified_at")
    return Feed(
        "returns",
        "returns.csv.gz",
        key,
        sent.night,
        sent.instant,
        sent.late_by,
        columns,
        flaws,
        multiline=("remark",),
    )


def _redemptions(shop: Shop) -> Feed:
    orders, totals = shop.orders, shop.totals
    used = np.flatnonzero((totals.coupon >= 0) & (totals.discount > 0))
    events = np.stack([orders.ordered[used], orders.cancelled[used]], axis=1)
    sent = versions(events, orders.known[used], shop.window)

    def columns(records: Ints) -> Columns:
        order, state = used[sent.thing[records]], sent.state[records]
        return {
            "code": coupon_codes(order),
            "coupon": text_code(tuple(row[2] for row in COUPONS), totals.coupon[order]),
            "order_no": text_id("D", order, 10),
            "member_no": customer_number(shop, orders.customer[order]),
            "amount": text_money(totals.discount[order]),
            "ccy": text_code(CURRENCIES, orders.currency[order]),
            "state": text_code(("已使用", "已退回"), state),
            "used_at": text_instant(orders.ordered[order]),
            "modified_at": text_instant(sent.instant[records]),
        }

    flaws = (
        Flaw("negative_amount", "amount", "-5.00"),
        Flaw("missing_id", "code", None),
        Flaw("wrong_currency", "ccy", "RMB??"),
    )
    key = ("code", "order_no", "modified_at")
    return Feed(
        "coupon_redemptions",
        "coupon_redemptions.csv.gz",
        key,
        sent.night,
        sent.instant,
        sent.late_by,
        columns,
        flaws,
    )


def coupon_codes(order: Ints) -> Any:
    """A code of its own for each order's coupon, such as HT7K3QZA."""
    number = order * CODE_STRIDE % len(LETTERS) ** CODE_LENGTH
    letters = [text_code(LETTERS, number // len(LETTERS) ** place % len(LETTERS)) for place in range(CODE_LENGTH)]
    return pc.binary_join_element_wise("HT", *letters, "")
