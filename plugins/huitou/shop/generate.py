"""Generate a demo shop: nightly drops as a shop's systems would send them, and the truth beside them."""

from __future__ import annotations

import platform
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from huitou.errors import UserError
from huitou.shop.drops import write_night
from huitou.shop.folder import DROPS, TRUTH, building
from huitou.shop.fraud import plant_fraud
from huitou.shop.fraud_feeds import FraudFeeds
from huitou.shop.imperfections import plant
from huitou.shop.made import make_shop
from huitou.shop.parameters import CURRENCIES, RATES, Parameters
from huitou.shop.season import PROMOTIONS, Window
from huitou.shop.shop_feeds import shop_feeds
from huitou.shop.truth import Planned, write_truth
from huitou.shop.turns import QUIET, take_turns, without_files, write_turns

MOST_CUSTOMERS = 5_000_000
MOST_DAYS = 3_660
FIRST_UNTIL, LAST_UNTIL = date(2010, 1, 1), date(2099, 12, 31)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ShopSummary:
    """What was written: the folder, how many nights, rows by feed over all nights, and wall-clock seconds."""

    folder: Path
    nights: int
    rows: dict[str, int]
    seconds: float


def generate(
    out: Path,
    customers: int,
    days: int,
    seed: int,
    until: date,
    progress: Progress | None = None,
    turns: bool = False,
) -> ShopSummary:
    """Write a shop of ``customers`` accounts and the ``days`` business dates that end at ``until``, inclusive.

    The same arguments and library versions give the same bytes. A shop already in ``out`` is replaced whole, once
    the new one is complete. ``turns``: plant turns for the worse into its last weeks. ``progress`` is called with (stage, done, total). Raises ``UserError`` for arguments
    out of range and for a folder that cannot take the shop.
    """
    _refuse_arguments(customers, days, seed, until)
    started = time.perf_counter()
    tell = progress or _silent
    parameters = Parameters()
    with building(Path(out)) as folder:
        tell("shop", 0, 1)
        shop = make_shop(customers, Window.ending(until, days), seed, parameters)
        shop, planted = take_turns(shop, seed) if turns else (shop, QUIET)
        fraud = FraudFeeds(shop, plant_fraud(customers, shop.catalogue, shop.window, parameters, seed))
        feeds = fraud.added_to(shop_feeds(shop))
        files = [(feed, *without_files(feed, plant(feed, days, parameters, seed), shop, planted)) for feed in feeds]
        planned = [(feed, rows) for feed, rows, _ in files]
        tell("shop", 1, 1)
        for night in range(days):
            sent = [(feed, rows) for feed, rows, absent in files if night not in absent]
            write_night(folder / DROPS / shop.window.date(night).isoformat(), night, sent)
            tell("nights", night + 1, days)
        tell("truth", 0, 1)
        write_truth(folder / TRUTH, shop, fraud, planned, _arguments(customers, days, seed, until, turns, parameters))
        write_turns(folder / TRUTH, shop, planted)
        tell("truth", 1, 1)
    return ShopSummary(Path(out), days, _row_counts(planned), time.perf_counter() - started)


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody listens."""


def _refuse_arguments(customers: int, days: int, seed: int, until: date) -> None:
    if not 1 <= customers <= MOST_CUSTOMERS:
        raise UserError(f"--customers {customers}: give a number from 1 to {MOST_CUSTOMERS}.")
    if not 1 <= days <= MOST_DAYS:
        raise UserError(f"--days {days}: give a number from 1 to {MOST_DAYS}.")
    if seed < 0:
        raise UserError(f"--seed {seed}: give 0 or a positive whole number.")
    if not FIRST_UNTIL <= until <= LAST_UNTIL:
        raise UserError(f"--until {until}: give a date from {FIRST_UNTIL} to {LAST_UNTIL}.")


def _arguments(
    customers: int, days: int, seed: int, until: date, turns: bool, parameters: Parameters
) -> dict[str, Any]:
    """All that the shop's bytes depend on."""
    return {
        "arguments": {"customers": customers, "days": days, "seed": seed, "until": until, "turns": turns},
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pyarrow": pa.__version__,
            "zlib": zlib.ZLIB_RUNTIME_VERSION,
        },
        "model": asdict(parameters),
        "first_rates": dict(zip(CURRENCIES, RATES, strict=True)),
        "promotions": [
            {"month": month, "day": day, "name": name, "factor": factor}
            for (month, day), (name, factor) in PROMOTIONS.items()
        ],
    }


def _row_counts(planned: Planned) -> dict[str, int]:
    return {feed.name: len(rows.record) for feed, rows in planned}
