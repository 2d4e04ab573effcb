"""The guards that every other test relies on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import pytest_socket

from huitou.settings import Settings
from huitou.warehouse.connection import connect


def test_a_unit_test_reaches_nobody() -> None:
    with pytest.raises(pytest_socket.SocketBlockedError), pytest.warns(UserWarning, match="socket"):
        socket.create_connection(("127.0.0.1", 9))


@pytest.mark.integration
def test_an_integration_test_reaches_this_machine_alone() -> None:
    with pytest.raises(pytest_socket.SocketConnectBlockedError), pytest.warns(UserWarning, match="socket"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with socket.create_server(("127.0.0.1", 0)) as here:
        socket.create_connection(here.getsockname()).close()


@pytest.mark.integration
def test_each_test_has_a_warehouse_of_its_own(warehouse: Settings, connection: psycopg.Connection) -> None:
    connection.execute("create schema t_other")
    with connect(warehouse) as second:
        assert second.execute("select count(*) from pg_namespace where nspname = 't_other'").fetchone() == (1,)
    assert connection.execute("select count(*) from raw.orders").fetchone() == (0,)


def test_no_setting_of_the_caller_reaches_a_test(tmp_path: Path) -> None:
    assert [name for name in os.environ if name.startswith("HUITOU_")] == []
    probe = tmp_path / "test_probe.py"
    probe.write_text(
        "import os\n\n\ndef test_probe():\n    assert 'HUITOU_DB_PORT' not in os.environ\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", str(probe)]
    environment = {
        **os.environ,
        "HUITOU_DB_PORT": "1",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)]),
    }
    assert subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], check=False).returncode == 0
