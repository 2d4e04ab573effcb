"""A warehouse in which predicted value can be scored and fitted without a night around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg.rows import dict_row

from factories.cdnow import Order, take_in
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.value.fits import ValueFit, keep
from huitou.warehouse.connection import connect

AS_OF = date(2026, 6, 30)
SCORING = ("base_value__parameters", "int_value__series", "base_value__expected", "base_customers__predicted")
HISTORY = "customer_key, first_day, last_day, repeats, known_repeats, repeat_spend"
History = tuple[int, int, int]
Score = Callable[[dict[str, float], list[History]], dict[History, dict[str, Any]]]


@pytest.fixture(scope="module")
def built(module_warehouse: Settings) -> Settings:
    """A warehouse with every table that scoring reads, in which five customers have bought once."""
    sold = [Order(f"c{n}", AS_OF, 1, "9.90") for n in range(5)]
    settings = take_in(module_warehouse.home, module_warehouse, AS_OF, sold)
    dbt.run(settings, AS_OF, ("seed",))
    dbt.run(settings, AS_OF, ("run", "--select", "+base_customers__predicted"))
    return settings


@pytest.fixture
def score(built: Settings) -> Score:
    """Scores customers (repeats, days to the last purchase, age in days) under parameters, in SQL, as of ``AS_OF``."""

    def scored(parameters: dict[str, float], customers: list[History]) -> dict[History, dict[str, Any]]:
        names = {"bg_nbd": ("r", "alpha", "a", "b"), "gamma_gamma": ("p", "q", "gamma")}
        fits = [
            ValueFit(model, AS_OF, "accepted", None, 1, {n: parameters[n] for n in its}, -1.0, {})
            for model, its in names.items()
        ]
        with connect(built) as connection, connection.cursor(row_factory=dict_row) as cursor:
            keep(connection, AS_OF, fits)
            connection.execute("truncate intermediate.int_customers__purchases")
            cursor.executemany(
                f"insert into intermediate.int_customers__purchases ({HISTORY}) values (%s, %s, %s, %s, %s, %s)",
                [
                    (str(c), first := AS_OF - timedelta(days=c[2]), first + timedelta(days=c[1]), c[0], c[0], 10 * c[0])
                    for c in customers
                ],
            )
            connection.execute("truncate candidate.base_customers__totals")
            connection.execute(
                f"insert into candidate.base_customers__totals ({HISTORY}) select {HISTORY} from"
                " intermediate.int_customers__purchases"
            )
            dbt.run(built, AS_OF, ("run", "--select", *SCORING))
            rows = cursor.execute("select * from candidate.base_customers__predicted").fetchall()
        by_key = {row.pop("customer_key"): row for row in rows}
        return {c: by_key[str(c)] for c in customers}

    return scored
