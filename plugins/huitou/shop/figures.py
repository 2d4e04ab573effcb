"""Figures of a score, and the truth that they are held to."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huitou.errors import UserError

Row = dict[str, str]
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Figure:
    """One figure of a score. ``value`` is None where ``n``, the number of things that it is of, is 0."""

    score: str
    figure: str
    value: float | None
    n: int


def read_truth(truth: Path, name: str) -> list[Row]:
    """The rows of a truth file, in the order of the file. Raises ``UserError`` where it is not there."""
    path = truth / name
    if not path.is_file():
        raise UserError(f"{path} is not there: give --shop the folder that `huitou shop generate --out` wrote.")
    content = path.read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def precision_and_recall(name: str, of: str, found: set[Thing], true: set[Thing]) -> list[Figure]:
    """Of what was found how much is true, and of what is true how much was found."""
    hits = len(found & true)
    return [
        Figure(name, f"{of}: precision", hits / len(found) if found else None, len(found)),
        Figure(name, f"{of}: recall", hits / len(true) if true else None, len(true)),
    ]


def balanced_accuracy(name: str, of: str, found: set[Thing], true: set[Thing], everything: set[Thing]) -> Figure:
    """Mean of the shares told right of what is true and of what is not: 0.5 for whoever says the same of all."""
    untrue = everything - true
    shares = [len(found & true) / len(true), len(untrue - found) / len(untrue)] if true and untrue else []
    return Figure(name, f"{of}: balanced accuracy", sum(shares) / 2 if shares else None, len(everything))
