"""Airflow's UI as a user gets it: started, logged in to, stopped."""

from __future__ import annotations

import json
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from huitou.errors import UserError
from huitou.orchestration import ui
from huitou.orchestration.environment import METADATA_DSN
from huitou.orchestration.night import run_nights
from huitou.settings import PROJECT_ROOT, Settings

pytestmark = pytest.mark.e2e


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def call(url: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def test_error_names_the_setting_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = Settings(home=tmp_path, ui_port=other.getsockname()[1])
        with pytest.raises(UserError, match="set HUITOU_UI_PORT to a free port"):
            ui.start_ui(settings)
    assert ui.stop_ui(settings) is False


@pytest.fixture(scope="module")
def running(make_place: Any) -> Iterator[tuple[Settings, ui.UiInfo]]:
    """A running UI on the project's own DAGs."""
    place = make_place()
    settings = Settings(home=place.home, warehouse_dsn=place.warehouse, ui_port=free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(METADATA_DSN, place.environment[METADATA_DSN])
        yield settings, ui.start_ui(settings)
        assert ui.stop_ui(settings) is True
        assert ui.stop_ui(settings) is False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", settings.ui_port))


def test_dags_are_shown_without_errors_when_logged_in(running: tuple[Settings, ui.UiInfo]) -> None:
    _, info = running
    token = call(info.url + "/auth/token", {"username": info.user, "password": info.password})["access_token"]
    expected = {path.stem: False for path in (PROJECT_ROOT / "dags").glob("*.py")}
    deadline = time.monotonic() + 60
    dags: dict[str, bool] = {}
    while dags != expected and time.monotonic() < deadline:
        dags = {dag["dag_id"]: dag["is_paused"] for dag in call(info.url + "/api/v2/dags", token=token)["dags"]}
        time.sleep(0.2)
    assert call(info.url + "/api/v2/importErrors", token=token)["import_errors"] == []
    assert dags == expected


@pytest.mark.parametrize("password", ["admin", "wrong"])
def test_nobody_gets_in_when_the_password_is_wrong(running: tuple[Settings, ui.UiInfo], password: str) -> None:
    _, info = running
    with pytest.raises(urllib.error.HTTPError) as refused:
        call(info.url + "/auth/token", {"username": info.user, "password": password})
    assert refused.value.code == 401


def test_second_start_only_says_where_when_it_runs(running: tuple[Settings, ui.UiInfo]) -> None:
    settings, info = running
    assert ui.start_ui(settings) == info
    passwords = settings.home / "airflow" / "passwords.json"
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def test_night_is_refused_when_the_ui_has_its_own_scheduler(running: tuple[Settings, ui.UiInfo]) -> None:
    settings, _ = running
    with pytest.raises(UserError, match="huitou ui stop"):
        run_nights(settings, [date(2025, 1, 1)])
