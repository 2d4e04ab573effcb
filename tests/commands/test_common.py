"""What a person reads: every word whole at 80 columns, however many columns a result has."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from huitou.commands import common


@dataclass
class Narrow:
    key_id: str
    contact_points: int


@dataclass
class Wide:
    quarantine_id: int = 17
    file_with_a_long_name: str = "2026-11-20/behaviour_events.parquet"
    reasons_that_were_given: list[str] = field(default_factory=lambda: ["not_allowed:status", "missing:order_id"])
    another_long_heading: str | None = None
    still_another_heading: str = "x"
    quarantined: int = 1
    suppressions: int = 2
    accounts: int = 3
    row: dict[str, str | None] = field(default_factory=lambda: {"状态": "付了[b]", "note": None})


@pytest.fixture(autouse=True)
def _window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.console, "_width", 80)


def test_headings_break_between_words_when_a_table_fits(capsys: pytest.CaptureFixture[str]) -> None:
    common.show([Narrow("3ae19cbf58b9", 280)], as_json=False)
    said = capsys.readouterr().out
    assert "contact points" in said
    assert "3ae19cbf58b9" in said


@pytest.mark.parametrize("how", ["show", "show_one"])
def test_a_result_too_wide_for_a_line_has_a_line_for_each_word(how: str, capsys: pytest.CaptureFixture[str]) -> None:
    value = Wide()
    if how == "show":
        common.show(value, as_json=False)
    else:
        common.show_one(value)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["file_with_a_long_name", "2026-11-20/behaviour_events.parquet"] in lines
    assert ["missing:order_id"] in lines
    assert ["状态", "付了[b]"] in lines
    assert ["another_long_heading"] not in lines


def test_lines_keep_what_is_typed_again_whole(capsys: pytest.CaptureFixture[str]) -> None:
    common.show_lines([Wide()], ["quarantine_id", "still_another_heading", "file_with_a_long_name"])
    said = capsys.readouterr().out
    assert "17" in said
    assert "still another heading" in said
    assert all(len(line) <= 80 for line in said.splitlines())
