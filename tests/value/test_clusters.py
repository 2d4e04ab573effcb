"""Clusters: planted groups are found again, the same rows give the same fit, and what came of it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huitou.value.cluster_fits import ClusterFit, fit, is_due
from huitou.value.clusters import Rules, find, silhouettes

RULES = Rules(
    refit_days=7,
    min_customers=30,
    min_clusters=2,
    max_clusters=6,
    min_share=0.05,
    starts=6,
    sample_customers=1000,
    silhouette_customers=1000,
)
CENTRES = np.array([[-4.0, -4.0, 0.0], [-4.0, 4.0, 0.0], [4.0, -4.0, 1.0], [4.0, 4.0, 1.0]])
SUNDAY = date(2026, 6, 28)


def blobs(sizes: tuple[int, ...], seed: int = 1) -> tuple[Any, Any]:
    """Points around CENTRES, shuffled, and which centre each is of."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return CENTRES[truth] + rng.normal(0, 0.4, (len(truth), 3)), truth


def test_planted_groups_are_found_with_their_number_size_and_place() -> None:
    points, truth = blobs((40, 60, 80, 100))
    found = find(points, RULES)
    assert found is not None
    assert found.sizes.tolist() == [40, 60, 80, 100]
    means = [points[truth == n].mean(axis=0) for n in range(4)]
    assert found.centres == pytest.approx(np.array(means))
    assert found.silhouette > 0.8


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_groups_are_numbered_alike_when_rows_come_in_another_order(seed: int) -> None:
    points, _ = blobs((40, 60, 80, 100))
    shuffled = points[np.random.default_rng(seed).permutation(len(points))]
    first, second = find(points, RULES), find(shuffled, RULES)
    assert first is not None
    assert second is not None
    assert second.centres == pytest.approx(first.centres)
    assert second.sizes.tolist() == first.sizes.tolist()


def test_a_number_of_groups_that_leaves_one_too_small_is_not_taken() -> None:
    points, _ = blobs((3, 97, 100, 100))
    found = find(points, RULES)
    assert found is not None
    assert found.sizes.min() >= 0.05 * 300
    assert len(found.sizes) == 3
    assert find(points, replace(RULES, min_share=0.6)) is None


def test_nothing_is_found_where_all_customers_are_alike() -> None:
    assert find(np.zeros((50, 3)), RULES) is None


def by_definition(points: Any, labels: Any) -> list[float]:
    """Rousseeuw's definition, one customer at a time."""
    told = []
    for i, point in enumerate(points):
        away = np.linalg.norm(points - point, axis=1)
        own = [away[j] for j in range(len(points)) if labels[j] == labels[i] and j != i]
        others = [np.mean(away[labels == n]) for n in set(labels.tolist()) - {labels[i]}]
        if not own or not others or max(np.mean(own), min(others)) == 0:
            told.append(0.0)
        else:
            told.append((min(others) - np.mean(own)) / max(np.mean(own), min(others)))
    return told


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 3)), min_size=2, max_size=25))
def test_silhouettes_are_those_of_the_definition(rows: list[tuple[int, int, int]]) -> None:
    points = np.array([row[:2] for row in rows], dtype=np.float64)
    labels = np.array([row[2] for row in rows], dtype=np.int64)
    found = silhouettes(points, labels, 4)
    assert found == pytest.approx(by_definition(points, labels))
    assert (abs(found) <= 1).all()


@pytest.fixture
def customers(connection: psycopg.Connection) -> psycopg.Connection:
    """The tables that a fit reads, with four planted groups of customers in them."""
    points, _ = blobs((30, 40, 50, 60))
    connection.execute("create table staging.cluster_rules (setting text, value numeric)")
    for name, value in vars(RULES).items():
        connection.execute("insert into staging.cluster_rules values (%s, %s)", (name, value))
    connection.execute("create table staging.cluster_features (feature text, place integer)")
    for place, name in enumerate(("none", "recency", "frequency", "same"), start=0):
        connection.execute("insert into staging.cluster_features values (%s, %s)", (name, place))
    connection.execute(
        "create table intermediate.int_customers__features"
        " (customer_key text, recency double precision, frequency double precision, same double precision)"
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into intermediate.int_customers__features values (%s, %s, %s, 7)",
            [(f"c_{n}", float(x), float(y)) for n, (x, y, _) in enumerate(points)],
        )
    return connection


def kept(connection: psycopg.Connection) -> list[Any]:
    return [
        connection.execute(f"select * from ops.{table} order by 1, 2, 3".encode()).fetchall()
        for table in ("cluster_fits", "cluster_sizes", "cluster_centres")
    ]


@pytest.mark.integration
def test_a_fit_is_kept_and_kept_alike_when_it_is_made_again(customers: psycopg.Connection) -> None:
    done = fit(customers, SUNDAY)
    assert (done.outcome, done.customers, done.clusters) == ("accepted", 180, 4)
    fits, sizes, centres = before = kept(customers)
    assert len(fits) == 1
    assert sorted(row[2] for row in sizes) == [30, 40, 50, 60]
    assert len(centres) == 4 * 3
    # A feature in which all are alike sets nobody apart.
    assert {(row[3], row[4], row[5]) for row in centres if row[2] == "same"} == {(7.0, 1.0, 0.0)}
    assert fit(customers, SUNDAY) == done
    assert kept(customers) == before


@pytest.mark.integration
def test_what_cannot_be_told_of_a_customer_is_the_mean_of_the_others_when_groups_are_fitted(
    customers: psycopg.Connection,
) -> None:
    customers.execute("update intermediate.int_customers__features set same = null where customer_key < 'c_12'")
    customers.execute("update intermediate.int_customers__features set recency = null where customer_key = 'c_1'")
    expected = customers.execute("select avg(recency) from intermediate.int_customers__features").fetchone()
    fit(customers, SUNDAY)
    means = {row[2]: (row[3], row[4]) for row in kept(customers)[2]}
    assert means["same"] == (7.0, 1.0)
    assert expected is not None
    assert means["recency"][0] == pytest.approx(expected[0])
    customers.execute("update intermediate.int_customers__features set same = null")
    fit(customers, SUNDAY)
    assert {row[3] for row in kept(customers)[2] if row[2] == "same"} == {0.5}


@pytest.mark.integration
def test_too_few_customers_leave_a_reason_and_no_clusters(customers: psycopg.Connection) -> None:
    fit(customers, SUNDAY)
    customers.execute("delete from intermediate.int_customers__features where customer_key > 'c_12'")
    few = customers.execute("select count(*) from intermediate.int_customers__features").fetchone()
    assert few is not None
    reason = f"too few customers: {few[0]}, the limit is 30"
    assert fit(customers, SUNDAY) == ClusterFit(SUNDAY, "not_enough_data", reason, few[0])
    assert kept(customers)[1:] == [[], []]


@pytest.mark.integration
def test_a_fit_without_large_enough_clusters_is_refused(customers: psycopg.Connection) -> None:
    customers.execute("update staging.cluster_rules set value = 0.9 where setting = 'min_share'")
    done = fit(customers, SUNDAY)
    assert (done.outcome, done.reason) == (
        "refused",
        "no number of clusters leaves each at least 90% of the customers",
    )
    assert kept(customers)[1:] == [[], []]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("made", "asked", "due"),
    [
        (None, SUNDAY, True),
        (SUNDAY, SUNDAY, True),
        (SUNDAY, SUNDAY + timedelta(days=1), False),
        (SUNDAY, SUNDAY + timedelta(days=6), False),
        (SUNDAY, SUNDAY + timedelta(days=7), True),
        (SUNDAY - timedelta(days=1), SUNDAY, True),
        (SUNDAY + timedelta(days=3), SUNDAY + timedelta(days=2), True),
        (SUNDAY + timedelta(days=2), SUNDAY + timedelta(days=3), False),
    ],
)
def test_a_fit_is_due_once_in_each_week_of_the_grid(
    customers: psycopg.Connection, made: date | None, asked: date, due: bool
) -> None:
    if made:
        fit(customers, made)
    assert is_due(customers, asked) == due
