"""How near the marts come to what was planted in the demo shop: identity, segments, fraud, reviews and surveys against the truth.

Each score is a function of (open connection, truth folder, business date) that gives figures; ``SCORES`` names all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date
from itertools import combinations
from pathlib import Path

import psycopg

from huitou.errors import UserError
from huitou.shop.figures import Figure, balanced_accuracy, precision_and_recall, read_truth
from huitou.shop.opinion_score import interval_coverage, response_bias, reviews

Score = Callable[[psycopg.Connection, Path, date], list[Figure]]


def score(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Every figure as of ``as_of``. Raises ``UserError`` without the truth, or where the marts stand at another date."""
    row = connection.execute("select max(business_date) from ops.publications").fetchone()
    stands = row[0] if row else None
    if stands != as_of:
        at = f"stand at {stands}: give --date {stands}" if stands else "are not there yet: run `huitou night` first"
        raise UserError(f"--date {as_of}: the marts {at}.")
    return [figure for each in SCORES for figure in each(connection, truth, as_of)]


def found_pairs(connection: psycopg.Connection, as_of: date | str) -> set[frozenset[str]]:
    """Every two accounts that are one person's as of a date."""
    members: dict[str, list[str]] = defaultdict(list)
    for account, key in connection.execute("select customer_id, customer_key from vault.accounts_as_of(%s)", (as_of,)):
        members[key].append(account)
    return {frozenset(pair) for accounts in members.values() for pair in combinations(accounts, 2)}


def f1(found: Collection[object], true: Collection[object]) -> float:
    """2 |found ∩ true| ÷ (|found| + |true|): the harmonic mean of precision and recall."""
    return 2 * len(set(found) & set(true)) / (len(found) + len(true))


def identity(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """F1 over pairs of accounts, of the accounts that the platform knows and that had opened by the date."""
    known = {row[0] for row in connection.execute("select customer_id from vault.accounts_as_of(%s)", (as_of,))}
    true = {
        frozenset((row["customer_id"], row["same_person_as"]))
        for row in read_truth(truth, "customers.csv")
        if row["same_person_as"] and {row["customer_id"], row["same_person_as"]} <= known
    }
    found = found_pairs(connection, as_of)
    return [Figure("identity", "pairs of accounts: F1", f1(found, true) if found or true else None, len(true))]


def segments(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Lost or not: the classes at_risk and lost against who had dropped out by then.

    Of buyers with two sales or more: in the shop's model nobody drops out before a second purchase. A person is lost
    when all of their accounts are.
    """
    person = _persons(connection, as_of)
    gone: dict[str, bool] = {}
    for row in read_truth(truth, "customers.csv"):
        if key := person.get(row["customer_id"]):
            lost = row["lost"] == "true" and row["lost_on"] <= as_of.isoformat()
            gone[key] = gone.get(key, True) and lost
    buyers = connection.execute(
        "select customer_key, lifecycle from marts.customer_segments where orders > %s", (1,)
    ).fetchall()
    classes: dict[str, str] = {key: lifecycle for key, lifecycle in buyers if key in gone}
    true = {key for key in classes if gone[key]}
    lost_now = {key for key, lifecycle in classes.items() if lifecycle == "lost"}
    absent = lost_now | {key for key, lifecycle in classes.items() if lifecycle == "at_risk"}
    right = len(classes) - len(absent ^ true)
    return [
        *precision_and_recall("segments", "lost", lost_now, true),
        *precision_and_recall("segments", "at risk or lost", absent, true),
        Figure("segments", "at risk or lost: accuracy", right / len(classes) if classes else None, len(classes)),
        balanced_accuracy("segments", "lost", lost_now, true, set(classes)),
        balanced_accuracy("segments", "at risk or lost", absent, true, set(classes)),
    ]


def fraud(connection: psycopg.Connection, truth: Path, as_of: date) -> list[Figure]:
    """Flagged orders and customers against the planted cheats, and the recall of each scheme's orders."""
    orders = [row for row in read_truth(truth, "fraud_orders.csv") if row["ordered_at"][:10] <= as_of.isoformat()]
    schemes: dict[str, set[str]] = defaultdict(set)
    for row in orders:
        schemes[row["scheme"]].add(row["order_id"])
    schemes.pop("honest", None)
    flagged = {row[0] for row in connection.execute("select order_id from marts.order_flags")}
    person = _persons(connection, as_of)
    cheats = {person[row["customer_id"]] for row in orders if row["scheme"] in schemes and row["customer_id"] in person}
    suspects = {row[0] for row in connection.execute("select customer_key from marts.customer_flags")}
    return [
        *precision_and_recall("fraud", "orders", flagged, set[str]().union(*schemes.values())),
        *precision_and_recall("fraud", "customers", suspects, cheats),
        *(precision_and_recall("fraud", f"orders of {name}", flagged, schemes[name])[1] for name in sorted(schemes)),
    ]


def _persons(connection: psycopg.Connection, as_of: date) -> dict[str, str]:
    """The person of each account."""
    return dict(
        connection.execute("select customer_id, customer_key from vault.accounts_as_of(%s)", (as_of,)).fetchall()
    )


SCORES: tuple[Score, ...] = (identity, segments, fraud, reviews, response_bias, interval_coverage)
