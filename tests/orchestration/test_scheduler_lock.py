"""One scheduler a home folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.errors import UserError
from huitou.orchestration.scheduler_lock import NIGHT, UI, SchedulerBusy, holder, take
from huitou.settings import Settings


@pytest.mark.parametrize(("kind", "says"), [(NIGHT, "A night is running"), (UI, "huitou ui stop")])
def test_error_names_the_holder_when_the_lock_is_taken(tmp_path: Path, kind: str, says: str) -> None:
    settings = Settings(home=tmp_path)
    with take(settings, kind):
        assert holder(settings) == kind
        with pytest.raises(SchedulerBusy, match=says) as caught:
            take(settings, NIGHT)
    assert caught.value.holder == kind


def test_lock_is_free_when_its_file_was_closed(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    take(settings, UI).close()
    assert holder(settings) is None
    take(settings, NIGHT).close()


def test_error_names_the_setting_when_the_home_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="check HUITOU_HOME"):
        take(Settings(home=tmp_path / "file"), NIGHT)
