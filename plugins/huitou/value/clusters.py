"""Finds groups of customers who buy alike: k-means on standardised features, the number of groups by silhouette.

What a customer's features are, a group's name and who is in it are SQL's. The same points in the same order give the
same groups, numbered alike: each search starts from a seed of its own. k-means: Lloyd (1982), IEEE Trans. Inf. Theory 28(2); starts: Arthur and Vassilvitskii (2007), SODA;
silhouette: Rousseeuw (1987), J. Comput. Appl. Math. 20.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import ClusterError, kmeans2
from scipy.spatial.distance import cdist

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# k-means moves so many times before it is asked whether anything still changes, and is asked so often at the most.
STEPS, MOST_ROUNDS = 5, 60


@dataclass(frozen=True)
class Rules:
    """Seed ``cluster_rules``."""

    refit_days: int
    min_customers: int
    min_clusters: int
    max_clusters: int
    min_share: float
    starts: int
    sample_customers: int
    silhouette_customers: int


@dataclass(frozen=True)
class Clusters:
    """k groups of n customers over f features.

    ``centres``: (k, f), standardised. ``sizes``: (k,) customers. ``silhouettes``: (k,) mean of the group's customers.
    ``silhouette``: mean of all of them.
    """

    centres: Floats
    sizes: Ints
    silhouettes: Floats
    silhouette: float


def find(points: Floats, rules: Rules) -> Clusters | None:
    """The groups of ``points`` (n, f) with the best mean silhouette, or None where each number leaves one too small.

    Their number and first places are sought among the first ``silhouette_customers`` points, which should be as good as
    any; then all points settle around them.
    """
    seen = points[: rules.silhouette_customers]
    chosen: tuple[float, Floats] | None = None
    for count in range(rules.min_clusters, rules.max_clusters + 1):
        best = _best_start(seen, count, rules.starts)
        if best is None or np.bincount(best[1], minlength=count).min() < rules.min_share * len(seen):
            continue
        silhouette = float(silhouettes(seen, best[1], count).mean())
        if chosen is None or silhouette > chosen[0]:
            chosen = silhouette, best[0]
    if chosen is None:
        return None
    settled = _settled(points, chosen[1])
    return None if settled is None else _numbered(points, *settled, rules)


def _numbered(points: Floats, centres: Floats, labels: Ints, rules: Rules) -> Clusters | None:
    """Groups numbered by their place, first feature first, so that the same ones always have the same numbers."""
    count = len(centres)
    sizes = np.bincount(labels, minlength=count)
    if sizes.min() < rules.min_share * len(points):
        return None
    order = np.lexsort(centres.T[::-1].round(9))
    labels = np.argsort(order)[labels]
    seen = slice(rules.silhouette_customers)
    each = silhouettes(points[seen], labels[seen], count)
    means = np.array([each[labels[seen] == n].mean() if (labels[seen] == n).any() else 0.0 for n in range(count)])
    return Clusters(centres[order], sizes[order], means, float(each.mean()))


def _best_start(points: Floats, count: int, starts: int) -> tuple[Floats, Ints] | None:
    """Of several k-means searches the one whose points lie nearest to their centres: centres (k, f), labels (n,).

    None where there are fewer different points than groups, or every search left a group empty.
    """
    if len(np.unique(points, axis=0)) < count:
        return None
    best: tuple[float, Floats, Ints] | None = None
    for start in range(starts):
        try:
            centres, _ = kmeans2(points, count, iter=1, minit="++", rng=np.random.default_rng([count, start]))
        except ClusterError:
            continue
        settled = _settled(points, centres)
        if settled is None:
            continue
        spread = float(((points - settled[0][settled[1]]) ** 2).sum())
        if best is None or spread < best[0]:
            best = spread, *settled
    return None if best is None else (best[1], best[2])


def _settled(points: Floats, centres: Floats) -> tuple[Floats, Ints] | None:
    """Centres moved until no point changes its group, and the groups; None where one is left empty."""
    labels = np.full(len(points), -1)
    for _ in range(MOST_ROUNDS):
        before = labels
        try:
            centres, labels = kmeans2(points, centres, iter=STEPS, minit="matrix", missing="raise")
        except ClusterError:
            return None
        if (labels == before).all():
            break
    return centres, labels


def silhouettes(points: Floats, labels: Ints, count: int) -> Floats:
    """(n,) of ``points`` (n, f): (b - a) / max(a, b), a the mean distance within, b that to the nearest other group."""
    distances = cdist(points, points)
    sizes = np.bincount(labels, minlength=count)
    sums = np.stack([distances[:, labels == n].sum(axis=1) for n in range(count)], axis=1)
    own = sums[np.arange(len(points)), labels] / np.maximum(sizes[labels] - 1, 1)
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    means[np.arange(len(points)), labels] = np.inf
    other = means.min(axis=1)
    widest = np.maximum(own, other)
    alone = (sizes[labels] == 1) | ~np.isfinite(other) | (widest == 0)
    return np.where(alone, 0.0, (other - own) / np.where(alone, 1.0, widest))
