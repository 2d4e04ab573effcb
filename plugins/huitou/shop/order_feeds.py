"""The order system's files: orders, lines, payments, refunds, exchange rates and products."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from huitou.shop.arrays import (
    DAY,
    HOUR,
    NEVER,
    Ints,
    text_code,
    text_day,
    text_id,
    text_instant,
    text_money,
    text_number,
)
from huitou.shop.baskets import COUPONS, RATE_DIGITS
from huitou.shop.catalogue import IN_CATEGORY, RENAMED
from huitou.shop.customer_feeds import customer_number
from huitou.shop.feed import Columns, Feed, Flaw, versions
from huitou.shop.fulfilment import DELIVERED, SHIPPED
from huitou.shop.made import Shop
from huitou.shop.money import METHODS, REASONS
from huitou.shop.parameters import CURRENCIES
from huitou.shop.words import CATEGORIES

STATUSES = ("待付款", "已付款", "已发货", "已完成", "已取消")
NOTES = ("", "", "", "", "礼品包装", "加急", "电话联系后再送")
NO_DATE = "2026-13-45 99:00:00"
NO_CURRENCY = "RMB??"
UTC_OFFSET = 8 * HOUR


def order_feeds(shop: Shop) -> list[Feed]:
    return [_orders(shop), _lines(shop), _payments(shop), _refunds(shop), _rates(shop), _products(shop)]


def _orders(shop: Shop) -> Feed:
    orders, totals = shop.orders, shop.totals
    sent = versions(orders.events, orders.known, shop.window)

    def columns(records: Ints) -> Columns:
        order, state = sent.thing[records], sent.state[records]
        shipped = np.where(state >= SHIPPED, orders.shipped[order], NEVER)
        delivered = np.where(state == DELIVERED, orders.delivered[order], NEVER)
        return {
            "订单号": text_id("D", order, 10),
            "会员号": customer_number(shop, orders.customer[order]),
            "下单时间": text_instant(orders.ordered[order]),
            "状态": text_code(STATUSES, state),
            "渠道": text_code(("线上", "门店"), orders.store[order].astype(np.int64)),
            "币种": text_code(CURRENCIES, orders.currency[order]),
            "应付金额": text_money(totals.total[order]),
            "优惠金额": text_money(totals.discount[order]),
            "运费": text_money(totals.shipping[order]),
            "优惠券码": text_code(tuple(row[2] for row in COUPONS), totals.coupon[order]),
            "承诺送达时间": text_instant(orders.promised[order]),
            "发货时间": text_instant(shipped),
            "签收时间": text_instant(delivered),
            "更新时间": text_instant(sent.instant[records]),
            "内部备注": text_code(NOTES, order % len(NOTES)),
        }

    flaws = (
        Flaw("unparsable_date", "下单时间", NO_DATE),
        Flaw("unknown_status", "状态", "待审核"),
        Flaw("wrong_currency", "币种", NO_CURRENCY),
        Flaw("missing_id", "订单号", None),
        Flaw("negative_amount", "优惠金额", "-12.50"),
    )
    key = ("订单号", "更新时间")
    return Feed("orders", "orders.csv.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def _lines(shop: Shop) -> Feed:
    orders, lines = shop.orders, shop.lines
    instant = orders.ordered[lines.order]
    night = orders.known[lines.order]

    def columns(records: Ints) -> Columns:
        order, product = lines.order[records], lines.product[records]
        return {
            "order_no": text_id("D", order, 10),
            "line_no": text_number(lines.number[records]),
            "sku": text_id("P", product, 4),
            "product_title": text_code(shop.catalogue.names, product),
            "shop_code": text_id("S", shop.catalogue.seller[product] + 1, 2),
            "qty": text_number(lines.quantity[records]),
            "price": text_money(lines.price[records]),
            "line_discount": text_money(lines.discount[records]),
            "freight": text_money(lines.freight[records]),
            "created_at": text_instant(orders.ordered[order]),
        }

    flaws = (
        Flaw("not_a_number", "qty", "两件"),
        Flaw("negative_amount", "price", "-9.90"),
        Flaw("missing_id", "sku", None),
    )
    late_by = night - shop.window.night_of(instant)
    return Feed("order_lines", "order_lines.csv.gz", ("order_no", "line_no"), night, instant, late_by, columns, flaws)


def _payments(shop: Shop) -> Feed:
    orders, payments = shop.orders, shop.payments
    sent = versions(payments.paid[:, None], orders.known[payments.order], shop.window)

    def columns(records: Ints) -> Columns:
        row = sent.thing[records]
        order = payments.order[row]
        return {
            "order_no": text_id("D", order, 10),
            "pay_seq": text_number(payments.number[row]),
            "pay_method": text_code(tuple(method[0] for method in METHODS), payments.method[row]),
            "pay_amount_fen": text_number(payments.cents[row]),
            "ccy": text_code(CURRENCIES, orders.currency[order]),
            "paid_at_utc": text_instant(payments.paid[row] - UTC_OFFSET),
            "gateway_serial": text_id("GW", order * 10 + payments.number[row], 14),
        }

    flaws = (
        Flaw("negative_amount", "pay_amount_fen", "-100"),
        Flaw("wrong_currency", "ccy", NO_CURRENCY),
    )
    key = ("order_no", "pay_seq")
    return Feed("payments", "payments.csv.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def _refunds(shop: Shop) -> Feed:
    orders, refunds = shop.orders, shop.refunds
    sent = versions(refunds.refunded[:, None], orders.known[refunds.order], shop.window)

    def columns(records: Ints) -> Columns:
        row = sent.thing[records]
        order = refunds.order[row]
        return {
            "refund_no": text_id("T", row, 8),
            "order_no": text_id("D", order, 10),
            "refund_time": text_instant(refunds.refunded[row], "%Y/%m/%d %H:%M"),
            "refund_amount": text_money(refunds.cents[row]),
            "ccy": text_code(CURRENCIES, orders.currency[order]),
            "reason": text_code(REASONS, refunds.reason[row]),
        }

    flaws = (
        Flaw("unparsable_date", "refund_time", "昨天下午"),
        Flaw("negative_amount", "refund_amount", "-1.00"),
    )
    key = ("refund_no",)
    return Feed("refunds", "refunds.csv.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def _rates(shop: Shop) -> Feed:
    night = np.repeat(np.arange(shop.window.nights), len(CURRENCIES))
    currency = np.tile(np.arange(len(CURRENCIES)), shop.window.nights)

    def columns(records: Ints) -> Columns:
        rates = shop.rates[night[records], currency[records]]
        return {
            "ccy": text_code(CURRENCIES, currency[records]),
            "quoted_on": text_day(night[records] + shop.window.first),
            "cny_per_unit": pa.array([f"{rate:.{RATE_DIGITS}f}" for rate in rates], pa.string()),
        }

    instant = (night + shop.window.first) * DAY
    return Feed("exchange_rates", "exchange_rates.csv", ("ccy", "quoted_on"), night, instant, night * 0, columns)


def _products(shop: Shop) -> Feed:
    catalogue = shop.catalogue
    known = np.zeros(len(catalogue.names), dtype=np.int64)
    sent = versions(np.stack([catalogue.released, catalogue.renamed], axis=1), known, shop.window)

    def columns(records: Ints) -> Columns:
        product = sent.thing[records]
        names = [
            catalogue.names[number] + (RENAMED if new else "")
            for number, new in zip(product.tolist(), sent.state[records].tolist(), strict=True)
        ]
        return {
            "sku": text_id("P", product, 4),
            "title": pa.array(names, pa.string()),
            "category": text_code(tuple(row[0] for row in CATEGORIES), product // IN_CATEGORY),
            "list_price": text_money(catalogue.price[product]).cast(pa.decimal128(10, 2)),
            "modified_at": pa.array(sent.instant[records]).cast(pa.timestamp("s")).cast(pa.timestamp("ms")),
        }

    return Feed("products", "products.parquet", ("sku",), sent.night, sent.instant, sent.late_by, columns)
