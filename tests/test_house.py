"""The fences of the house: who may import, read and open what."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from huitou.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "plugins" / "huitou"
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ["warehouse", "sources", "quality", "value", "transform", "campaigns", "delivery"]
COMMON = {"settings", "errors", "yaml_files", "backoff"}
EVERYTHING = {"cli", "commands", "night", "report", "ready", "orchestration"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, by full name."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def named(path: Path) -> set[str]:
    """Every dotted name that a file speaks of, such as os.environ, whatever name it imported the module by."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    modules = {alias.asname: alias.name for alias in imports if alias.asname}
    return {
        f"{modules.get(node.value.id, node.value.id)}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def uses(path: Path, *packages: str) -> bool:
    return any(name == p or name.startswith(f"{p}.") for name in imported(path) for p in packages)


def offenders(paths: list[Path], *packages: str) -> list[str]:
    return [str(path.relative_to(PACKAGE)) for path in paths if uses(path, *packages)]


def test_the_package_is_where_the_tests_look() -> None:
    assert len(MODULES) > 50
    assert uses(PACKAGE / "orchestration" / "runner.py", "airflow")


def test_only_orchestration_imports_airflow() -> None:
    assert offenders([path for path in MODULES if room_of(path) != "orchestration"], "airflow") == []


def test_only_settings_reads_the_environment() -> None:
    reading = [path for path in MODULES if {"os.environ", "os.getenv", "os.putenv"} & named(path)]
    assert [path.name for path in reading] == ["settings.py"]


def test_only_the_warehouse_opens_a_database_connection() -> None:
    openers = {"psycopg.connect", "psycopg2.connect", "sqlalchemy.create_engine"}
    opening = {path: openers & (named(path) | imported(path)) for path in MODULES}
    # To extract from a shop's own database is not to open the warehouse: one module may, and by SQLAlchemy alone.
    assert opening.pop(PACKAGE / "sources" / "sql_source.py") == {"sqlalchemy.create_engine"}
    assert {room_of(path) for path, names in opening.items() if names} == {"warehouse"}


def test_only_channels_open_a_socket_and_only_delivery_calls_them() -> None:
    clients = ("aiohttp", "httpx", "requests", "urllib3", "http.client", "urllib.request", "smtplib")
    rooms = [p for p in MODULES if room_of(p) in ROOMS and "channels" not in p.parts]
    # The API that records are read from is no channel, and knows of no customer who is to be reached.
    assert offenders(rooms, *clients) == ["sources/http_source.py"]
    others = [path for path in MODULES if room_of(path) != "delivery"]
    assert offenders(others, "huitou.delivery.channels") == []


def test_the_sandbox_provider_shares_nothing_with_what_it_witnesses() -> None:
    for path in (PACKAGE / "sandbox").glob("*.py"):
        ours = {name for name in imported(path) if name.startswith("huitou.") and not name.startswith("huitou.sandbox")}
        allowed = {"huitou.errors"} if path.name == "control.py" else set()
        assert {".".join(name.split(".")[:2]) for name in ours} <= allowed, path.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_the_rooms_before_it(path: Path) -> None:
    room = room_of(path)
    if room in EVERYTHING or room == "__init__":
        return
    before = set(ROOMS[: ROOMS.index(room) + 1]) if room in ROOMS else {room}
    allowed = COMMON | before if room not in ("shop", "sandbox") else {"errors", room}
    theirs = {name.split(".")[1] for name in imported(path) if name.startswith("huitou.")}
    assert theirs <= allowed, sorted(theirs - allowed)


def test_nothing_prints_past_the_command_line() -> None:
    printing = [path for path in MODULES if "print" in {n.func.id for n in calls(path)}]
    assert printing == []


def calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]  # type: ignore[misc]


def test_no_pinned_set_names_an_index() -> None:
    for path in PROJECT_ROOT.glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        assert "--hash=sha256:" in text
