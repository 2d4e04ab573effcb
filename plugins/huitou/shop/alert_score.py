"""How soon alerts tell of the turns planted in the demo shop, how often they cry wolf, and what the watch list finds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import psycopg

from huitou.shop.figures import Figure, read_truth
from huitou.shop.turns import PRODUCTS, TURNS

MONTH = 30
TESTED = "select count(distinct day) from intermediate.int_alerts__tested"


def alerts(connection: psycopg.Connection, truth: Path) -> list[Figure]:
    """Nights from each turn to the alert that names its cause, and false alarms a month of tested nights.

    A false alarm is an alert that is new that night and whose signal no turn has touched by then.
    """
    turns = [(row, date.fromisoformat(row["first_day"])) for row in read_truth(truth, TURNS)]
    raised = connection.execute("select day, signal, cause_name, since from marts.alerts order by day").fetchall()
    figures = []
    for row, first in turns:
        causes = row["name"].split("|")
        told = [day for day, signal, cause, _ in raised if signal == row["signal"] and cause in causes and day >= first]
        took = (min(told) - first).days + 1 if told else None
        figures.append(Figure("alerts", f"{row['signal']} by {row['part']}: nights to the alert", took, len(told)))
    false = [
        day
        for day, signal, _, since in raised
        if day == since and not any(signal == row["signal"] and day >= first for row, first in turns)
    ]
    counted = connection.execute(TESTED).fetchone()
    nights = counted[0] if counted else 0
    a_month = len(false) * MONTH / nights if nights else None
    return [*figures, Figure("alerts", "false alarms a month", a_month, nights)]


def watchlist(connection: psycopg.Connection, truth: Path) -> list[Figure]:
    """How many of the first products on the list are planted bad ones, and the true quality of all that it lists.

    Quality is 0 on average over all products, and spreads by 0.35.
    """
    products = {row["product_id"]: row for row in read_truth(truth, PRODUCTS)}
    rows = connection.execute(
        "select subject_id, min(place) from marts.product_watchlist where kind = 'product' group by 1 order by 2"
    ).fetchall()
    listed = [name for name, _ in rows]
    lemons = {name for name, row in products.items() if row["lemon"] == "true"}
    hits = len(lemons & set(listed[: len(lemons)]))
    others = [float(products[name]["quality"]) for name in listed if name not in lemons]
    return [
        Figure("watchlist", "first places: planted bad products", hits / len(lemons) if lemons else None, len(lemons)),
        Figure("watchlist", "others listed: mean quality", sum(others) / len(others) if others else None, len(others)),
    ]
