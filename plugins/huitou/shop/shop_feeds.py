"""All feeds of the shop, in the order in which they are written."""

from __future__ import annotations

from huitou.shop.after_order_feeds import after_order_feeds
from huitou.shop.behaviour_feeds import behaviour_feeds
from huitou.shop.customer_feeds import customer_feeds
from huitou.shop.feed import Feed
from huitou.shop.made import Shop
from huitou.shop.opinion_feeds import opinion_feeds
from huitou.shop.order_feeds import order_feeds
from huitou.shop.service_feeds import service_feeds

MAKERS = (order_feeds, after_order_feeds, customer_feeds, opinion_feeds, service_feeds, behaviour_feeds)


def shop_feeds(shop: Shop) -> list[Feed]:
    """Every feed that the shop's systems send."""
    return [feed for make in MAKERS for feed in make(shop)]
