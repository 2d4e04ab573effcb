"""The rows of planted fraud, in the words of the shop's files, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.shop.arrays import HOUR, MINUTE, NEVER, Ints, text_code, text_id, text_instant, text_money, text_number
from huitou.shop.baskets import COUPONS
from huitou.shop.customer_feeds import phone_text
from huitou.shop.feed import Columns, Feed, Versions, versions
from huitou.shop.fraud import SCHEMES, Fraud
from huitou.shop.fulfilment import DELIVERED, SHIPPED
from huitou.shop.made import Shop
from huitou.shop.money import METHODS, REASONS
from huitou.shop.opinion_feeds import ZONED, words_of
from huitou.shop.order_feeds import STATUSES, UTC_OFFSET
from huitou.shop.people import PHONE_STRIDE, PHONES, all_cities
from huitou.shop.texts import DETAILS, TITLES
from huitou.shop.words import GIVEN_FIRST, GIVEN_SECOND, SURNAMES

HAPPY, STARS = 2, 5
COUPON, COUPON_WORTH = COUPONS[-1][2], COUPONS[-1][1] * 100
Columned = Callable[[Versions], Columns]


class FraudFeeds:
    """Planted fraud as rows. Accounts, orders, refunds and reviews are numbered on from the shop's own."""

    def __init__(self, shop: Shop, fraud: Fraud) -> None:
        self._shop, self._accounts, self._deeds = shop, fraud.accounts, fraud.deeds
        deeds, count = fraud.deeds, len(fraud.deeds.ordered)
        self._night = shop.window.night_of(deeds.ordered)
        paid, sent = deeds.ordered + MINUTE, deeds.ordered + 8 * HOUR
        self._events = np.stack([deeds.ordered, paid, sent, deeds.delivered, np.full(count, NEVER)], axis=1)
        self._goods = shop.catalogue.price[deeds.product] * deeds.quantity
        self._off = np.where(deeds.coupon, COUPON_WORTH, 0)
        self._total = self._goods - self._off

    def added_to(self, feeds: list[Feed]) -> list[Feed]:
        """The shop's feeds with the planted rows among their records."""
        parts: dict[str, tuple[Versions, Columned]] = {
            "customers": (self._sent(self._accounts.registered), self._customers),
            "orders": (versions(self._events, self._night, self._shop.window), self._orders),
            "order_lines": (self._sent(self._deeds.ordered), self._lines),
            "payments": (self._sent(self._events[:, 1]), self._payments),
            "refunds": (self._sent(self._deeds.refunded), self._refunds),
            "reviews": (self._sent(self._deeds.praised), self._reviews),
        }
        return [_with(feed, *parts[feed.name]) if feed.name in parts else feed for feed in feeds]

    def true_accounts(self) -> Columns:
        """Who they are: a row an account."""
        accounts = self._accounts
        return {
            "customer_id": self._account_no(np.arange(len(accounts.ring))),
            "scheme": text_code(SCHEMES, accounts.scheme),
            "ring": text_number(accounts.ring),
        }

    def true_orders(self) -> Columns:
        """What they did: a row an order."""
        deeds = self._deeds
        return {
            "order_id": self._order_no(np.arange(len(deeds.ordered))),
            "customer_id": self._account_no(deeds.account),
            "scheme": text_code(SCHEMES, self._accounts.scheme[deeds.account]),
            "ordered_at": text_instant(deeds.ordered),
            "total": text_money(self._total),
            "refunded": text_money(np.where(deeds.refunded >= 0, self._total, 0)),
            "praised_at": text_instant(deeds.praised),
        }

    def _sent(self, instants: Ints) -> Versions:
        known = np.zeros(len(instants), dtype=np.int64)
        return versions(instants[:, None], known, self._shop.window)

    def _account_no(self, account: Ints) -> pa.Array:
        return text_id("M", account + len(self._shop.buyers.registered) + 1, 8)

    def _order_no(self, deed: Ints) -> pa.Array:
        return text_id("D", deed + len(self._shop.orders.ordered), 10)

    def _customers(self, sent: Versions) -> Columns:
        who = sent.thing
        accounts = self._accounts
        first, second = np.divmod(accounts.given[who], len(GIVEN_SECOND))
        names = (text_code(SURNAMES, accounts.surname[who]), text_code(GIVEN_FIRST, first))
        number = len(self._shop.buyers.registered) + who
        nobody = np.full(len(who), NEVER)
        return {
            "member_no": self._account_no(who),
            "account_type": text_code(("member",), np.zeros_like(who)),
            "person_no": text_code(("",), nobody),
            "real_name": pc.binary_join_element_wise(*names, text_code(GIVEN_SECOND, second), ""),
            "mobile": phone_text(self._phones()[accounts.phone[who]]),
            "email": pc.binary_join_element_wise(text_id("hui", number, 6), "@example.net", ""),
            "unionid": text_code(("",), nobody),
            "birthday": text_code(("",), nobody),
            "city": text_code(tuple(row[0] for row in all_cities()), accounts.city[who]),
            "province": text_code(tuple(row[1] for row in all_cities()), accounts.city[who]),
            "registered_at": text_instant(accounts.registered[who]),
            "modified_at": text_instant(accounts.registered[who]),
        }

    def _phones(self) -> Ints:
        """Numbers that the walk through all numbers has not reached: it began where its first owner stands."""
        own = self._shop.people
        owners = np.flatnonzero((own.phone >= 0) & (own.shares < 0))
        # Where nobody has a number, none is taken.
        start = int(own.phone[owners[0]] - owners[0] * PHONE_STRIDE) if len(owners) else 0
        count = len(own.phone)
        return (start + (count + np.arange(self._accounts.phone.max(initial=0) + 1)) * PHONE_STRIDE) % PHONES

    def _orders(self, sent: Versions) -> Columns:
        deed, state, deeds = sent.thing, sent.state, self._deeds
        return {
            "订单号": self._order_no(deed),
            "会员号": self._account_no(deeds.account[deed]),
            "下单时间": text_instant(deeds.ordered[deed]),
            "状态": text_code(STATUSES, state),
            "渠道": text_code(("线上",), np.zeros_like(deed)),
            "币种": text_code(("CNY",), np.zeros_like(deed)),
            "应付金额": text_money(self._total[deed]),
            "优惠金额": text_money(self._off[deed]),
            "运费": text_money(np.zeros_like(deed)),
            "优惠券码": text_code((COUPON,), np.where(deeds.coupon[deed], 0, NEVER)),
            "承诺送达时间": text_instant(deeds.delivered[deed] + 6 * HOUR),
            "发货时间": text_instant(np.where(state >= SHIPPED, self._events[deed, SHIPPED], NEVER)),
            "签收时间": text_instant(np.where(state == DELIVERED, deeds.delivered[deed], NEVER)),
            "更新时间": text_instant(sent.instant),
            "内部备注": text_code(("",), np.zeros_like(deed)),
        }

    def _lines(self, sent: Versions) -> Columns:
        deed, catalogue = sent.thing, self._shop.catalogue
        product = self._deeds.product[deed]
        nothing = np.zeros_like(deed)
        return {
            "order_no": self._order_no(deed),
            "line_no": text_number(nothing + 1),
            "sku": text_id("P", product, 4),
            "product_title": text_code(catalogue.names, product),
            "shop_code": text_id("S", catalogue.seller[product] + 1, 2),
            "qty": text_number(self._deeds.quantity[deed]),
            "price": text_money(catalogue.price[product]),
            "line_discount": text_money(nothing),
            "freight": text_money(nothing),
            "created_at": text_instant(self._deeds.ordered[deed]),
        }

    def _payments(self, sent: Versions) -> Columns:
        deed = sent.thing
        nothing = np.zeros_like(deed)
        return {
            "order_no": self._order_no(deed),
            "pay_seq": text_number(nothing + 1),
            "pay_method": text_code((METHODS[0][0],), nothing),
            "pay_amount_fen": text_number(self._total[deed]),
            "ccy": text_code(("CNY",), nothing),
            "paid_at_utc": text_instant(sent.instant - UTC_OFFSET),
            "gateway_serial": text_id("GW", (deed + len(self._shop.orders.ordered)) * 10 + 1, 14),
        }

    def _refunds(self, sent: Versions) -> Columns:
        deed = sent.thing
        return {
            "refund_no": text_id("T", deed + len(self._shop.refunds.order), 8),
            "order_no": self._order_no(deed),
            "refund_time": text_instant(sent.instant, "%Y/%m/%d %H:%M"),
            "refund_amount": text_money(self._total[deed]),
            "ccy": text_code(("CNY",), np.zeros_like(deed)),
            "reason": text_code((REASONS[3],), np.zeros_like(deed)),
        }

    def _reviews(self, sent: Versions) -> Columns:
        deed = sent.thing
        happy = np.full(len(deed), HAPPY)
        return {
            "id": text_id("V", deed + len(self._shop.reviews.order), 8),
            "orderNo": self._order_no(deed),
            "sku": text_id("P", self._deeds.product[deed], 4),
            "stars": pa.array(np.full(len(deed), STARS)),
            "title": words_of(TITLES, happy, deed),
            "text": words_of(DETAILS, happy, deed),
            "createdAt": text_instant(sent.instant, ZONED),
            "repliedAt": text_instant(np.full(len(deed), NEVER), ZONED),
            "updatedAt": text_instant(sent.instant, ZONED),
            "appVersion": text_code(("web",), np.zeros_like(deed)),
        }


def _with(feed: Feed, sent: Versions, planted: Columned) -> Feed:
    """``feed`` with the planted records behind its own."""
    own = len(feed.night)

    def columns(records: Ints) -> Columns:
        mine = records < own
        more = records[~mine] - own
        chosen = Versions(*(getattr(sent, name)[more] for name in ("thing", "state", "instant", "night", "late_by")))
        place = pa.array(np.argsort(np.concatenate([np.flatnonzero(mine), np.flatnonzero(~mine)])))
        parts = feed.columns(records[mine]), planted(chosen)
        return {
            name: pa.concat_arrays([_flat(part[name]).cast(_flat(parts[0][name]).type) for part in parts]).take(place)
            for name in parts[0]
        }

    return replace(
        feed,
        night=np.concatenate([feed.night, sent.night]),
        instant=np.concatenate([feed.instant, sent.instant]),
        late_by=np.concatenate([feed.late_by, sent.late_by]),
        columns=columns,
    )


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
