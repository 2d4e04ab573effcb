"""The embedded server: a real PostgreSQL on loopback, started and stopped here and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.warehouse.postgres_cluster import HOST, USER, create, failure, launch, running
from huitou.warehouse.postgres_place import Place, explained
from huitou.warehouse.postgres_programs import account_for, programs

DATABASES = ("warehouse", "airflow")
STOP_SECONDS = 60


@dataclass(frozen=True)
class Status:
    """What is known of the server without changing anything. ``version`` is the data folder's major."""

    running: bool
    pid: int | None
    port: int | None
    data: Path
    version: str | None


class EmbeddedServer:
    """The server of one home. Every method may be called at any time, by several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._place = Place(settings.home)

    def start(self) -> Status:
        """Make the server run, with its databases there; it outlives the caller.

        Raises ``UserError`` that says what the machine, the port or the data folder lacks.
        """
        wanted, durable = self._settings.db_port, self._settings.db_durable
        with explained(self._place.home), self._place.owned():
            found = running(self._place.data)
            if found is None:
                tools = programs(self._place.prepare(), self._place.base)
                create(self._place, tools, durable)
                launch(self._place, tools, durable, wanted)
            elif wanted not in (None, found.port):
                raise UserError(
                    f"The embedded server runs on port {found.port}, and HUITOU_DB_PORT says {wanted}: "
                    "stop it with `huitou db stop` first."
                )
            self._make_databases()
            return self._status()

    def stop(self) -> bool:
        """Shut down and wait for it; open sessions are ended, what was committed stays. False: it did not run."""
        with explained(self._place.home):
            if not self._place.home.exists():
                return False
            with self._place.owned():
                return self._stop()

    def remove(self) -> None:
        """Stop the server and delete its data, password, log and copied programs."""
        with explained(self._place.home):
            if not self._place.home.exists():
                return
            with self._place.owned():
                self._stop()
                self._place.delete()

    def status(self) -> Status:
        """Whether it runs, and where."""
        with explained(self._place.home):
            return self._status()

    def url(self, database: str = "warehouse") -> str:
        """The ``postgresql://`` URL of a database, password included. Raises ``UserError`` while it is stopped."""
        with explained(self._place.home):
            found = running(self._place.data)
            if found is None:
                raise UserError("The embedded server does not run: start it with `huitou db start`.")
            account = f"{USER}:{quote(self._password(), safe='')}"
        return f"postgresql://{account}@{HOST}:{found.port}/{quote(database, safe='')}"

    def _status(self) -> Status:
        data = self._place.data
        found, version = running(data), data / "PG_VERSION"
        return Status(
            running=found is not None,
            pid=found.pid if found else None,
            port=found.port if found else None,
            data=data,
            version=version.read_text(encoding="ascii").strip() if version.exists() else None,
        )

    def _password(self) -> str:
        try:
            return self._place.password.read_text(encoding="ascii")
        except FileNotFoundError:
            raise UserError(
                f"{self._place.password} is missing and nothing else opens the embedded server: restore it from a copy."
            ) from None

    def _stop(self) -> bool:
        data = self._place.data
        found = running(data)
        if found is None:
            return False
        tools = programs(account_for(data), self._place.base)
        how = ("--mode=fast", "--wait", "--silent", f"--timeout={STOP_SECONDS}")
        done = tools.run("pg_ctl", data, "stop", *how)
        if done.returncode != 0:
            said = done.stdout.strip()
            raise TransientError(f"The embedded server (process {found.pid}) did not stop: {said}")
        return True

    def _make_databases(self) -> None:
        """Create what a start that was killed may have left out, after making sure that the server is ours."""
        try:
            connection = psycopg.connect(self.url("postgres"), autocommit=True, require_auth="scram-sha-256")
        except psycopg.OperationalError as error:
            raise failure(f"does not open with {self._place.password}", str(error)) from None
        with connection:
            rows = connection.execute("select current_setting('data_directory'), datname from pg_database").fetchall()
            if rows[0][0] != os.path.realpath(self._place.data):
                raise UserError(f"The server on this port is that of {rows[0][0]}, not of {self._place.data}.")
            for database in sorted(set(DATABASES) - {name for _, name in rows}):
                connection.execute(f"create database {database}")
