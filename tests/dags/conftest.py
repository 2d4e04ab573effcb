"""The DAGs folder as a fresh Airflow process sees it, with nothing around it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from huitou.settings import PROJECT_ROOT

# Nobody listens there: parsing that asked a database would fail.
NO_DATABASE = "nobody@127.0.0.1:1/none"


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ``read_dags.py`` found in a process without database, feeds or home folder."""
    nowhere = tmp_path_factory.mktemp("parse")
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "HUITOU_"))},
        "AIRFLOW_HOME": str(nowhere / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://" + NO_DATABASE,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "postgresql+psycopg://" + NO_DATABASE,
        "HUITOU_HOME": str(nowhere / "home"),
        "HUITOU_SOURCES": str(nowhere / "no-feeds"),
    }
    script = Path(__file__).with_name("read_dags.py")
    done = subprocess.run(
        [sys.executable, str(script), str(PROJECT_ROOT / "dags")], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    found["home_made"] = (nowhere / "home").exists()
    return found
