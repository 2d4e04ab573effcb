"""The fits of the clusters: what they read, when they are due, and what is kept of them, with their date."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import scalar_row

from huitou.value.clusters import Clusters, Floats, Rules, find

# Days on which fits are due are counted from a Sunday, so that a weekly one closes the week.
A_SUNDAY = date(1970, 1, 4)


@dataclass(frozen=True)
class ClusterFit:
    """What came of a fit. ``outcome``: accepted, not_enough_data or refused; ``reason`` says why it is not accepted."""

    as_of: date
    outcome: str
    reason: str | None
    customers: int
    clusters: int | None = None
    silhouette: float | None = None


def is_due(connection: psycopg.Connection, as_of: date) -> bool:
    """A fit belongs to ``as_of``: since the last day of the grid of ``refit_days`` there was none before it."""
    every = _rules(connection).refit_days
    last_due = as_of - timedelta(days=(as_of - A_SUNDAY).days % every)
    row = connection.execute(
        "select exists (select from ops.cluster_fits where as_of >= %s and as_of < %s)", (last_due, as_of)
    ).fetchone()
    return not (row and row[0])


def fit(connection: psycopg.Connection, as_of: date) -> ClusterFit:
    """Fit groups to the customers of ``as_of`` and keep what came of it, in place of an earlier fit of that date.

    Reads ``intermediate.int_customers__features``, which must stand at ``as_of``.
    """
    rules = _rules(connection)
    names = _feature_names(connection)
    features = _features(connection, names, rules.sample_customers)
    if len(features) < rules.min_customers:
        reason = f"too few customers: {len(features)}, the limit is {rules.min_customers}"
        return keep(connection, ClusterFit(as_of, "not_enough_data", reason, len(features)))
    mean = _means(features)
    # The mean sets nobody apart.
    features = np.where(np.isnan(features), mean, features)
    deviation = features.std(axis=0)
    # A feature in which all are alike tells nobody apart.
    deviation[deviation < 1e-12] = 1.0
    found = find((features - mean) / deviation, rules)
    if found is None:
        reason = f"no number of clusters leaves each at least {rules.min_share:.0%} of the customers"
        return keep(connection, ClusterFit(as_of, "refused", reason, len(features)))
    done = ClusterFit(as_of, "accepted", None, len(features), len(found.sizes), found.silhouette)
    return keep(connection, done, found, names, (mean, deviation))


def _rules(connection: psycopg.Connection) -> Rules:
    found: dict[str, Any] = dict(connection.execute("select setting, value from staging.cluster_rules").fetchall())
    known = {f.name: float if f.type == "float" else int for f in fields(Rules)}
    values: dict[str, Any] = {name: kind(found[name]) for name, kind in known.items()}
    return Rules(**values)


def _feature_names(connection: psycopg.Connection) -> list[str]:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return cursor.execute("select feature from staging.cluster_features where place > 0 order by place").fetchall()


def _features(connection: psycopg.Connection, names: list[str], most: int) -> Floats:
    """(n, f): by a hash of the key, so that a part of the customers is as good as any; NaN where it cannot be told."""
    query = sql.SQL("select {} from intermediate.int_customers__features order by md5(customer_key) limit %s").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    rows = connection.execute(query, (most,)).fetchall()
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(names))


def _means(features: Floats) -> Floats:
    """(f,): of what can be told; 0.5, the middle of a price level, where nothing can."""
    known = ~np.isnan(features)
    total = np.where(known, features, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), 0.5)


def keep(
    connection: psycopg.Connection,
    done: ClusterFit,
    found: Clusters | None = None,
    names: list[str] | None = None,
    scale: tuple[Floats, Floats] | None = None,
) -> ClusterFit:
    """Make ``done`` the fit of its date; with centres ``found`` of the features ``names``, and their (mean, deviation)."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from ops.cluster_fits where as_of = %s", (done.as_of,))
        cursor.execute(
            "insert into ops.cluster_fits (as_of, outcome, reason, customers, clusters, silhouette)"
            " values (%s, %s, %s, %s, %s, %s)",
            (done.as_of, done.outcome, done.reason, done.customers, done.clusters, done.silhouette),
        )
        if found is not None and names is not None and scale is not None:
            cursor.executemany(
                "insert into ops.cluster_sizes (as_of, cluster, customers, silhouette) values (%s, %s, %s, %s)",
                [
                    (done.as_of, n, int(size), float(each))
                    for n, (size, each) in enumerate(zip(found.sizes, found.silhouettes, strict=True), start=1)
                ],
            )
            cursor.executemany(
                "insert into ops.cluster_centres (as_of, cluster, feature, mean, deviation, centre)"
                " values (%s, %s, %s, %s, %s, %s)",
                [
                    (done.as_of, n, name, float(scale[0][place]), float(scale[1][place]), float(centre[place]))
                    for n, centre in enumerate(found.centres, start=1)
                    for place, name in enumerate(names)
                ],
            )
    return done
