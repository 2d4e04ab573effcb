"""Settings: what is accepted, what a person reads when it is not, and that the page says the same as the code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from huitou.errors import UserError
from huitou.settings import PREFIX, PROJECT_ROOT, Settings, export, process_environment

PAGE = PROJECT_ROOT / "docs" / "settings.md"


def test_every_default_holds_when_nothing_is_set() -> None:
    settings = Settings.from_env({"PATH": "/bin"})
    assert settings == Settings()
    assert settings.home == PROJECT_ROOT / ".huitou"
    assert settings.warehouse_dsn is None
    assert settings.db_durable is True


def test_an_empty_variable_means_unset() -> None:
    assert Settings.from_env({"HUITOU_DB_PORT": "", "HUITOU_HOME": ""}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("HUITOU_DB_PORT", "6543", "db_port", 6543),
        ("HUITOU_DB_DURABLE", "false", "db_durable", False),
        ("HUITOU_DB_DURABLE", "1", "db_durable", True),
        ("HUITOU_HOME", "/srv/huitou", "home", Path("/srv/huitou")),
        ("HUITOU_HOME", "~/huitou", "home", Path("~/huitou").expanduser()),
        ("HUITOU_SOURCES", "dags/sources/shop", "sources", Path("dags/sources/shop").absolute()),
        ("HUITOU_LOG_LEVEL", "DEBUG", "log_level", "DEBUG"),
    ],
)
def test_a_variable_is_read_as_its_type(variable: str, value: str, field: str, read: object) -> None:
    assert getattr(Settings.from_env({variable: value}), field) == read


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("HUITOU_DB_PORT", "banana", "HUITOU_DB_PORT: .*valid integer"),
        ("HUITOU_DB_PORT", "0", "HUITOU_DB_PORT: .*greater than or equal to 1"),
        ("HUITOU_UI_PORT", "65536", "HUITOU_UI_PORT: .*less than or equal to 65535"),
        ("HUITOU_DB_DURABLE", "maybe", "HUITOU_DB_DURABLE: .*valid boolean"),
        ("HUITOU_LOG_LEVEL", "LOUD", "HUITOU_LOG_LEVEL: .*'DEBUG', 'INFO'"),
        ("HUITOU_DB_PROT", "1", r"HUITOU_DB_PROT is not a setting\. Did you mean HUITOU_DB_PORT\?"),
        ("HUITOU_ZZZ", "1", r"HUITOU_ZZZ is not a setting\. Settings are: HUITOU_HOME"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        Settings.from_env({variable: value})
    assert "\n" not in str(caught.value)


def test_a_secret_is_shown_by_neither_a_print_nor_an_error() -> None:
    settings = Settings.from_env({"HUITOU_WAREHOUSE_DSN": "postgresql://u:hunter2@h/d", "HUITOU_VAULT_KEY": "hunter2"})
    assert "hunter2" not in f"{settings} {settings!r}"


def test_another_process_reads_the_same_settings_from_the_environment_made_for_it() -> None:
    settings = Settings.from_env(
        {"HUITOU_WAREHOUSE_DSN": "postgresql://u:p@h/d", "HUITOU_DB_DURABLE": "no", "HUITOU_HOME": "/srv/x"}
    )
    assert Settings.from_env(settings.environment()) == settings
    assert Settings.from_env(Settings().environment()) == Settings()


def test_the_process_environment_is_a_copy_and_export_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_VARIABLE", "old")
    copy = process_environment()
    export({"A_VARIABLE": "new"})
    assert (copy["A_VARIABLE"], os.environ["A_VARIABLE"]) == ("old", "new")


def _rows_of_the_page() -> dict[str, tuple[str, str]]:
    cells = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return {name: (default, meaning) for name, default, meaning in cells}


def _default_as_written(name: str) -> str:
    default = Settings.model_fields[name].default
    assert default is not PydanticUndefined
    if isinstance(default, Path):
        return f"`{default.relative_to(PROJECT_ROOT)}`"
    return "unset" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_page_lists_every_setting_with_its_default_and_meaning() -> None:
    fields = Settings.model_fields
    wanted = {PREFIX + name.upper(): (_default_as_written(name), fields[name].description) for name in fields}
    assert _rows_of_the_page() == wanted
    assert list(_rows_of_the_page()) == list(wanted)
