"""A build that is killed at any step: readers keep the old night, and the build that is run again ends as a clean one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from factories.doomed_run import run_doomed
from factories.kill_points import BUILD, PUBLISHED
from factories.nights import Marts, marts
from factories.raw_world import LAST_DAY, fill
from factories.warehouses import new_warehouse
from huitou.settings import Settings
from huitou.transform.build import build
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

pytestmark = pytest.mark.integration
EARLIER = LAST_DAY - timedelta(days=45)
# Within dbt's run: how many of its statements are done.
STATEMENTS = (1, 40, 90, 140)
DBT = next(n for n, point in enumerate(BUILD) if point.name == "add_query")
PLACES = [(n, 1) for n in range(len(BUILD)) if n != DBT] + [(DBT, nth) for nth in STATEMENTS]


@pytest.fixture(scope="module")
def published(module_warehouse: Settings) -> str:
    """The name of a database whose marts stand at ``EARLIER``."""
    with connect(module_warehouse) as connection:
        fill(connection)
    build(module_warehouse, EARLIER)
    return "t_module"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kills")


@pytest.fixture
def settings(server: EmbeddedServer, published: str, home: Path) -> Iterator[Settings]:
    with new_warehouse(server, "t_killed", published, home) as made:
        yield made


@pytest.fixture(scope="module")
def clean(server: EmbeddedServer, published: str, home: Path) -> Marts:
    with new_warehouse(server, "t_killed", published, home) as settings:
        build(settings, LAST_DAY)
        with connect(settings) as connection:
            return marts(connection)


@pytest.mark.battery
@pytest.mark.parametrize(("at", "nth"), PLACES, ids=[f"{BUILD[at]}-{nth}" for at, nth in PLACES])
def test_a_build_that_is_killed_publishes_nothing_or_all_and_is_run_again(
    settings: Settings, clean: Marts, at: int, nth: int
) -> None:
    with connect(settings) as connection:
        before = marts(connection)
    assert before != clean
    run_doomed(settings, "build", LAST_DAY, at, nth)
    with connect(settings) as connection:
        assert marts(connection) == (clean if str(BUILD[at]) in PUBLISHED else before)
        build(settings, LAST_DAY)
        assert marts(connection) == clean
