"""Balanced accuracy: what of both kinds is told right, so that saying the same of all is worth a half."""

from __future__ import annotations

import pytest

from huitou.shop.figures import balanced_accuracy

EVERYBODY = set(range(10))
LOST = {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("found", "true", "value"),
    [
        (LOST, LOST, 1.0),
        (EVERYBODY - LOST, LOST, 0.0),
        (set(), LOST, 0.5),
        (EVERYBODY, LOST, 0.5),
        ({0, 4, 5, 6}, LOST, (1 / 4 + 3 / 6) / 2),
        (set(), set(), None),
        (EVERYBODY, EVERYBODY, None),
    ],
    ids=["all right", "all wrong", "nobody", "everybody", "some", "none to find", "none to leave out"],
)
def test_balanced_accuracy_is_of_both_kinds_alike(found: set[int], true: set[int], value: float | None) -> None:
    figure = balanced_accuracy("segments", "lost", found, true, EVERYBODY)
    assert (figure.figure, figure.value, figure.n) == ("lost: balanced accuracy", value, 10)
