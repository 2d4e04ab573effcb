"""A night whose feed has gone bad, through the real DAGs: readers keep the last good night, and nobody is written to."""

from __future__ import annotations

import csv
import gzip
import io

import pytest

from e2e.conftest import Home

pytestmark = pytest.mark.e2e
GOOD, BAD = "2026-11-20", "2026-11-21"


def spoil(home: Home) -> int:
    """Give every order of the bad night a status that no mapping knows; returns how many there are."""
    path = home.folder / "shop" / "drops" / BAD / "orders.csv.gz"
    rows = list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode(), newline="")))
    place = rows[0].index("状态")
    for row in rows[1:]:
        row[place] = "PAID_V2"
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode()))
    return len(rows) - 1


def test_a_feed_gone_bad_stops_the_night_before_anybody_notices(home: Home) -> None:
    shape = ("--customers", "1500", "--days", "20", "--seed", "7", "--until", BAD)
    home.run("shop", "generate", "--out", str(home.folder / "shop"), *shape)
    orders = spoil(home)
    assert orders > 21
    home.run("night", "--date", GOOD, HUITOU_CLOCK="morning-after")
    marts, accepted = home.marts(), home.accepted()
    done = home.run("night", "--date", BAD, check=False, HUITOU_CLOCK="morning-after")
    assert done.returncode == 1
    assert f"Gate raw is closed for {BAD}: landing.files: too_many_quarantined: 1 failing" in done.stderr
    assert home.marts() == marts
    assert home.accepted() == accepted
    for table in ("ops.plans", "ops.messages", "ops.decisions", "ops.publications"):
        assert home.rows(f"select count(*) from {table} where business_date = '{BAD}'") == [(0,)], table
    status = home.json("status", "--date", BAD)
    assert status["marts_as_of"] == GOOD
    assert {row["feed"]: row["quarantined"] for row in status["feeds"]}["orders"] == orders
    cases = home.json("quarantine", "list", "--feed", "orders")
    assert sum(case["rows"] for case in cases if case["business_date"] == BAD) == orders
