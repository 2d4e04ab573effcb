"""A gate with rows of one's own making."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from factories.gates import GateFactory
from huitou.settings import Settings


@pytest.fixture
def gate(tmp_path: Path, warehouse: Settings, connection: psycopg.Connection) -> GateFactory:
    return GateFactory(tmp_path, warehouse, connection)
