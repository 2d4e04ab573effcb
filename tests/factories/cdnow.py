"""CDNOW, the data that BG/NBD and Gamma-Gamma were published on, as a shop's files.

The tenth of the customers that the papers use comes in the wheel of `lifetimes`, of which nothing is imported: one line
an order, with customer, number in the sample, date, discs and dollars.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import distribution
from pathlib import Path

from factories.feeds import SourceFactory
from huitou.settings import Settings
from huitou.sources.ingest import ingest

CALIBRATED_ON = date(1997, 9, 30)
FILE = "lifetimes/datasets/CDNOW_sample.txt"


@dataclass(frozen=True)
class Order:
    customer: str
    day: date
    discs: int
    dollars: str


def orders() -> list[Order]:
    """Every order of the sample: 6,919 of 2,357 customers."""
    lines = Path(str(distribution("lifetimes").locate_file(FILE))).read_text(encoding="ascii").splitlines()
    fields = (line.split() for line in lines)
    return [Order(f[1], datetime.strptime(f[2], "%Y%m%d").date(), int(f[3]), f[4]) for f in fields]


def take_in(folder: Path, settings: Settings, night: date, sold: list[Order] | None = None) -> Settings:
    """Write the orders as the files of a source set, ingest those up to ``night``, and return the set's settings."""
    source = SourceFactory(folder / "cdnow", settings)
    source.source(name="cdnow", time_zone="America/New_York", base_currency="USD", country="US")
    source.feed(
        "orders",
        {
            "order_id": {"from": "order"},
            "customer_id": {"from": "customer"},
            "ordered_at": {"from": "day"},
            "status": {"const": "delivered"},
            "currency": {"const": "USD"},
        },
        files={"path": "orders.csv", "date_column": "day"},
        ignore=["dollars"],
    )
    source.feed(
        "order_lines",
        {
            "order_id": {"from": "order"},
            "line_no": {"const": "1"},
            "product_id": {"const": "discs"},
            "quantity": {"const": "1"},
            "unit_price": {"from": "dollars"},
        },
        files={"path": "orders.csv", "date_column": "day"},
        ignore=["customer"],
    )
    with (source.drops / "orders.csv").open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("order", "customer", "day", "dollars"))
        for number, order in enumerate(orders() if sold is None else sold):
            writer.writerow((f"{number:05}", order.customer, f"{order.day} 12:00:00", order.dollars))
    for feed in ("orders", "order_lines"):
        ingest(source.settings, feed, night)
    return source.settings
