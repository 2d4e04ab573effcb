"""The goods of the made-up shop: products with a price and a seller each, and what is drawn of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from marts_columns import Columns, money, names

if TYPE_CHECKING:
    from marts_data import Shop

PRODUCTS = 5000
SELLERS = 200
PRICES = 99_991  # a prime of fen, so that the prices of all products differ


def write_products(shop: Shop, day: int) -> None:
    number = np.arange(1, PRODUCTS)
    category = np.array(["tea", "cups", "books", "games"])[number % 4]
    columns = {"product_id": names("p", number), "name": names("Product ", number), "category": pa.array(category)}
    shop.save("products", columns, np.full(len(number), day))


def drawn_goods(shop: Shop, lines: int) -> Columns:
    """What is on so many order lines."""
    # Few sell often: the square of an even draw.
    product = 1 + (shop.draw.random(lines) ** 2 * (PRODUCTS - 1)).astype("int64")
    # As on marketplaces, a product is one seller's, and few lines of it are another's.
    seller = (product + (shop.draw.random(lines) < 0.1)) % SELLERS
    return {
        "product_id": names("p", product),
        "seller_id": names("seller_", seller),
        "quantity": pa.array(shop.draw.integers(1, 4, lines)),
        "unit_price": money(100 + product * 7919 % PRICES),
        "discount": money(np.where(shop.draw.random(lines) < 0.1, 50, 0)),
    }
