"""What Airflow is told, and the keys that it is told with."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from huitou.errors import UserError
from huitou.orchestration.environment import (
    METADATA_ASYNC_DSN,
    METADATA_DSN,
    airflow_environment,
    child_environment,
    write_once,
)
from huitou.settings import Settings

DSN = "postgresql+psycopg2://u:p@db.example:5432/airflow"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv(METADATA_DSN, DSN)
    return Settings(home=tmp_path, ui_port=18123)


def test_given_metadata_database_wins_when_it_is_set_from_outside(settings: Settings) -> None:
    env = airflow_environment(settings)
    assert env[METADATA_DSN] == DSN
    assert env[METADATA_ASYNC_DSN] == "postgresql+psycopg://u:p@db.example:5432/airflow"


def test_port_and_base_url_move_together_when_the_port_is_set(settings: Settings) -> None:
    env = airflow_environment(settings)
    assert env["AIRFLOW__API__PORT"] == "18123"
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:18123"
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_settings_travel_along_when_a_task_runs_in_another_process(settings: Settings) -> None:
    env = airflow_environment(settings)
    assert Settings.from_env(env) == settings


@pytest.mark.parametrize("key", ["airflow_jwt", "airflow_api", "airflow_fernet"])
def test_keys_stay_the_same_and_private_when_asked_for_twice(settings: Settings, key: str) -> None:
    first, second = airflow_environment(settings), airflow_environment(settings)
    assert first == second
    path = settings.home / "keys" / key
    assert path.read_text() in first.values()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.glob(".*")) == []


def test_jwt_secret_is_long_enough_when_generated(settings: Settings) -> None:
    assert len(airflow_environment(settings)["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64


def test_first_key_stays_when_two_processes_write_it(tmp_path: Path) -> None:
    write_once(tmp_path / "key", "first")
    write_once(tmp_path / "key", "second")
    assert (tmp_path / "key").read_text() == "first"


def test_error_names_the_folder_when_keys_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(METADATA_DSN, DSN)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="HUITOU_HOME must be a folder you may write to"):
        airflow_environment(Settings(home=tmp_path / "file"))


def test_byte_code_is_cached_in_children_when_the_caller_does_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = child_environment(settings)
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PATH"]
