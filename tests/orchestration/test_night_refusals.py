"""What a night refuses before Airflow is even imported, and where the terminal's words go meanwhile."""

from __future__ import annotations

import logging
import sys
from datetime import date
from pathlib import Path

import pytest

from huitou.errors import UserError
from huitou.orchestration import night, scheduler_lock
from huitou.orchestration.nightlog import NIGHT_LOG, captured, terminal
from huitou.settings import Settings

DAY = date(2025, 1, 1)


def test_nothing_happens_when_there_are_no_dates(tmp_path: Path) -> None:
    assert night.run_nights(Settings(home=tmp_path), []) == []
    assert list(tmp_path.iterdir()) == []


def test_error_names_both_versions_when_airflow_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(night, "AIRFLOW_VERSION", "9.9.9")
    with pytest.raises(UserError, match=r"apache-airflow 9\.9\.9, and 3\.3\.2 is installed"):
        night.run_nights(Settings(home=tmp_path), [DAY])


def test_error_says_how_to_go_on_when_the_ui_is_running(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with scheduler_lock.take(settings, scheduler_lock.UI), pytest.raises(UserError, match="huitou ui stop"):
        night.run_nights(settings, [DAY])


def test_words_go_to_the_file_when_captured_and_to_the_terminal_when_given_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err, handlers = sys.stdout, sys.stderr, logging.getLogger().handlers[:]
    with captured(tmp_path / "logs" / "night.log"):
        sys.stdout.write("noise\n")
        logging.getLogger("x").error("more noise")
        with terminal(out, err):
            sys.stdout.write("progress\n")
        with NIGHT_LOG.copied(tmp_path / "task" / "attempt=1.log"):
            sys.stderr.write("of the task\n")
    assert capsys.readouterr() == ("progress\n", "")
    assert (tmp_path / "logs" / "night.log").read_text() == "noise\nmore noise\nof the task\n"
    assert (tmp_path / "task" / "attempt=1.log").read_text() == "of the task\n"
    assert (sys.stdout, sys.stderr, logging.getLogger().handlers) == (out, err, handlers)
