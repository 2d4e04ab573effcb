"""Each rule of a suite fails for its bad row in ``rows/<suite>.yml`` and for no other; good rows pass.

A suite whose rows stand in such a file needs no test of its own in Python.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from factories.gates import NIGHT, GateFactory, Row
from huitou.quality.suites import FOLDER, load_suite

pytestmark = pytest.mark.integration

DAY_BEFORE = NIGHT - timedelta(days=1)
FILES = sorted((Path(__file__).parent / "rows").glob("*.yml"))


class Many(BaseModel):
    """Rows that are alike: ``{}`` in a value is the row's number. ``trips``: the rule that all of them break."""

    model_config = ConfigDict(extra="forbid")

    rows: int
    columns: Row
    trips: str | None = None

    def each(self) -> list[Row]:
        return [
            {name: value.format(n) if isinstance(value, str) else value for name, value in self.columns.items()}
            for n in range(self.rows)
        ]


class Rows(BaseModel):
    """Rows that came with the night (``known``) and the night before of other feeds, and those of the feed itself."""

    model_config = ConfigDict(extra="forbid")

    known: dict[str, list[Row]] = Field({})
    before: dict[str, list[Row]] = Field({})
    columns: Row
    good: list[Row] = Field(min_length=1)
    many: list[Many] = Field([])
    bad: dict[str, Row]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_rule_fails_for_its_bad_row_alone(gate: GateFactory, path: Path) -> None:
    rows = Rows.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    suite = load_suite(FOLDER / f"{path.stem}.json")
    named = suite.key[0]
    gate.use(path.stem)
    for night, others in ((NIGHT, rows.known), (DAY_BEFORE, rows.before)):
        for feed, theirs in others.items():
            gate.raw(feed, *theirs, night=night)
    bad = [{named: rule} | row for rule, row in rows.bad.items()]
    many = [row for several in rows.many for row in several.each()]
    gate.raw(suite.table, *(rows.columns | row for row in [*bad, *rows.good, *many]))
    failures = gate.failures("raw")
    for several in rows.many:
        if several.trips:
            assert {key[0] for key in failures.pop(several.trips)} <= {row[named] for row in several.each()}
    # A row is named by the rule that it breaks; the other columns of its key say no more.
    assert {rule: {key[0] for key in keys} for rule, keys in failures.items()} == {rule: {rule} for rule in rows.bad}
    trips = {several.trips for several in rows.many if several.trips}
    assert {rule.name for rule in suite.expectations} == set(rows.bad) | trips
