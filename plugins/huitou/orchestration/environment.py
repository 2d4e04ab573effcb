"""What Airflow is told through its environment, so that no airflow.cfg is ever written by hand."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT, Settings, process_environment
from huitou.warehouse.connection import sqlalchemy_url
from huitou.warehouse.embedded import EmbeddedServer

METADATA_DSN = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
METADATA_ASYNC_DSN = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"
DAGS_FOLDER = "AIRFLOW__CORE__DAGS_FOLDER"

# Kept off even though the machine may have no network: a night reports to nobody.
_NO_TELEMETRY = {
    "GX_ANALYTICS_ENABLED": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
}


def airflow_home(settings: Settings) -> Path:
    """Folder of what Airflow itself writes: task logs, passwords, pid files."""
    return settings.home / "airflow"


def airflow_environment(settings: Settings) -> dict[str, str]:
    """Every variable that Airflow, dbt and Great Expectations need, to be added to a process' own.

    The metadata database and the DAGs folder may be given from outside (servers); everything else is
    decided here. Keys are made once and kept in ``keys/`` of the home folder, readable by the owner only.
    """
    given = process_environment()
    home = airflow_home(settings)
    dsn = given.get(METADATA_DSN) or sqlalchemy_url(settings, "airflow")
    url = f"http://127.0.0.1:{settings.ui_port}"
    return {
        **_NO_TELEMETRY,
        **settings.environment(),
        "AIRFLOW_HOME": str(home),
        DAGS_FOLDER: given.get(DAGS_FOLDER) or str(PROJECT_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # A paused DAG gets no asset events, so a consumer that starts paused would lose its night.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        # The default asks the resolver, which can hang for seconds on a machine without network.
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__CORE__FERNET_KEY": _kept_key(settings, "airflow_fernet"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": _kept_key(settings, "airflow_jwt"),
        "AIRFLOW__API__SECRET_KEY": _kept_key(settings, "airflow_api"),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.ui_port),
        # Tasks reach the execution API through base_url, so it has to move together with the port.
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": settings.log_level,
        METADATA_DSN: dsn,
        # psycopg 3 speaks async too: no second driver (asyncpg) is installed.
        METADATA_ASYNC_DSN: given.get(METADATA_ASYNC_DSN) or _async_url(dsn),
    }


def start_metadata_server(settings: Settings) -> None:
    """Start the embedded server, where Airflow's tables live unless a database was given from outside."""
    if not process_environment().get(METADATA_DSN):
        EmbeddedServer(settings).start()


def child_environment(settings: Settings) -> dict[str, str]:
    """The whole environment of an Airflow process that we start; its byte code may be cached."""
    env = {**process_environment(), **airflow_environment(settings)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def _async_url(dsn: str) -> str:
    scheme, separator, rest = dsn.partition("://")
    if scheme.split("+")[0] in ("postgresql", "postgres"):
        return "postgresql+psycopg" + separator + rest
    return dsn.replace("sqlite://", "sqlite+aiosqlite://", 1)


def _kept_key(settings: Settings, name: str) -> str:
    """The secret in ``keys/<name>``, made on first use. 64 URL-safe bytes; 32 for Fernet, which wants that."""
    path = settings.home / "keys" / name
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(path, _fernet_key() if name == "airflow_fernet" else secrets.token_urlsafe(64))
        return path.read_text().strip()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read or made ({error.strerror}): HUITOU_HOME must be a folder you may write to."
        ) from None


def write_once(path: Path, text: str) -> None:
    """Make ``path`` with ``text``, readable by the owner only; a file that is there already stays."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    # A link never replaces: where two processes begin at once, both end with the first one's key.
    with suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()


def _fernet_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
