"""Versions and planted rows, for any feed that one could think of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from huitou.shop.arrays import DAY, NEVER, text_code, text_day, text_id, text_instant, text_money
from huitou.shop.drops import csv_bytes, pack, spoil, write_night
from huitou.shop.feed import Feed, Flaw, versions
from huitou.shop.imperfections import BAD, DUPLICATE, GOOD, MENDED, NO_FLAW, RESENT, plant
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window

WINDOW = Window(20_000, 20_006)
instants = st.one_of(st.just(NEVER), st.integers(19_990 * DAY, 20_010 * DAY))


@given(
    st.lists(
        st.tuples(st.lists(instants, min_size=3, max_size=3).map(sorted), st.integers(0, 6)), min_size=1, max_size=8
    )
)
def test_versions_are_what_a_nightly_extract_sees(things: list[tuple[list[int], int]]) -> None:
    events = np.array([times for times, _ in things])
    known = np.array([night for _, night in things])
    expected = set()
    for thing, (times, first) in enumerate(things):
        for night in range(WINDOW.nights):
            told = [s for s, t in enumerate(times) if t >= 0 and max(max(t // DAY - WINDOW.first, 0), first) == night]
            if told:
                expected.add((thing, told[-1], night))
    sent = versions(events, known, WINDOW)
    assert set(zip(sent.thing.tolist(), sent.state.tolist(), sent.night.tolist(), strict=True)) == expected
    assert len(sent.thing) == len(expected)
    assert (sent.late_by >= 0).all()


def feed_of(nights: list[int], late: list[bool]) -> Feed:
    night = np.array(nights, dtype=np.int64)
    return Feed(
        name="any",
        file="any.csv.gz",
        key=("id",),
        night=night,
        instant=night * DAY,
        late_by=np.array(late, dtype=np.int64),
        columns=lambda records: {"id": text_id("", records)},
        flaws=(Flaw("a", "id", None), Flaw("b", "id", "x"), Flaw("c", "id", "y")),
    )


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=200),
    st.integers(0, 2**32),
    st.floats(0.0, 0.1),
)
def test_planted_rows_keep_every_record(rows: list[tuple[int, bool]], seed: int, share: float) -> None:
    feed = feed_of([night for night, _ in rows], [late for _, late in rows])
    p = Parameters(bad_share=share, duplicate_share=share, resent_share=share)
    sent = plant(feed, 10, p, seed)
    base = np.isin(sent.mark, (GOOD, BAD))
    assert sorted(sent.record[base].tolist()) == list(range(len(rows)))
    assert (np.diff(sent.night) >= 0).all()
    assert ((sent.night >= 0) & (sent.night < 10)).all()
    own = feed.night[sent.record]
    assert (sent.night - own == np.isin(sent.mark, (RESENT, MENDED))).all()
    assert ((sent.mark == BAD) == (sent.flaw != NO_FLAW)).all()
    planted = sent.record[np.isin(sent.mark, (BAD, DUPLICATE, RESENT))]
    assert len(np.unique(planted)) == len(planted)
    assert (feed.late_by[planted] == 0).all()
    assert set(sent.record[sent.mark == MENDED]) <= set(sent.record[sent.mark == BAD])


def test_a_few_rows_are_bad_even_when_the_share_gives_none() -> None:
    sent = plant(feed_of([0] * 60 + [1] * 40, [False] * 100), 2, Parameters(), 1)
    assert (sent.mark == BAD).sum() == 3
    assert set(sent.flaw[sent.mark == BAD]) == {0, 1, 2}


@given(st.integers(0, 10**14))
def test_money_is_written_to_the_cent(cents: int) -> None:
    text = text_money(np.array([cents]))[0].as_py()
    whole, fraction = text.split(".")
    assert len(fraction) == 2
    assert int(whole) * 100 + int(fraction) == cents


def test_text_is_null_where_nothing_happened() -> None:
    never = np.array([NEVER, 0])
    assert text_instant(never).to_pylist() == [None, "1970-01-01 00:00:00"]
    assert text_instant(never, "%Y/%m/%d %H:%M").to_pylist() == [None, "1970/01/01 00:00"]
    assert text_id("A", never, 3).to_pylist() == [None, "A000"]
    assert text_code(("x",), never).to_pylist() == [None, "x"]
    assert text_day(np.array([-1, 0])).to_pylist() == ["1969-12-31", "1970-01-01"]


def test_csv_keeps_awkward_text_and_spoilt_cells() -> None:
    columns = {"a": pa.array(["1", "2"]), "b": pa.array(['x, "y"\nz', None])}
    spoil(columns, np.array([1]), [Flaw("a", "a", "两件")])
    assert csv_bytes(columns).decode() == '"a","b"\n"1","x, ""y""\nz"\n"两件",\n'


def test_lines_are_where_rows_begin_when_text_breaks(
    tmp_path: Path, read_file: Callable[[Path], dict[int, dict[str, str | None]]]
) -> None:
    feed = replace(
        feed_of([0] * 40 + [1] * 3, [False] * 43),
        columns=lambda records: {"id": text_id("", records), "text": text_code(("a", "b\nc", "\n\n"), records % 3)},
        multiline=("text",),
    )
    rows = plant(feed, 2, Parameters(), 1)
    for night in (0, 1):
        write_night(tmp_path / str(night), night, [(feed, rows)])
        part = rows.of_night(night)
        written = read_file(tmp_path / str(night) / feed.file)
        good = np.flatnonzero(rows.mark[part] != BAD)
        assert len(written) == part.stop - part.start
        ids = [written[line]["id"] for line in rows.line[part][good].tolist()]
        assert ids == [f"{record:08d}" for record in rows.record[part][good].tolist()]


def test_packed_bytes_tell_no_time_and_no_name() -> None:
    packed = pack(b"x")
    assert packed[3] == 0  # no flags: no name
    assert packed[4:8] == bytes(4)
