"""The way into the warehouse: the server that HUITOU_WAREHOUSE_DSN names, or the embedded one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo

from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.warehouse.embedded import EmbeddedServer

DSN_SETTING = "HUITOU_WAREHOUSE_DSN"
OLDEST_SERVER = 160000
CONNECT_SECONDS = 10
# What a server or the resolver says when a person has to act; anything else may pass by itself.
REFUSALS = (
    "authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied",
    "not permitted to log in",
    "could not translate host name",
    "failed to resolve host",
    "certificate",
    "does not support SSL",
)


def url(settings: Settings, database: str = "warehouse") -> str:
    """The ``postgresql://`` URL, password included, of ``warehouse`` or ``airflow``.

    HUITOU_WAREHOUSE_DSN moves the warehouse alone; every other database stays on the embedded server.
    Raises ``UserError`` where the embedded server is meant and does not run.
    """
    if settings.warehouse_dsn is None or database != "warehouse":
        return EmbeddedServer(settings).url(database)
    return _as_url(_parsed(settings.warehouse_dsn.get_secret_value()))


def sqlalchemy_url(settings: Settings, database: str = "warehouse") -> str:
    """The same address for SQLAlchemy, driver named: its versions differ in what a bare ``postgresql://`` is."""
    return url(settings, database).replace("postgresql://", "postgresql+psycopg2://", 1)


def connect(settings: Settings) -> psycopg.Connection:
    """An autocommit connection to the warehouse, in UTC.

    Raises ``UserError`` where the setting, the account or the server's version is wrong, ``TransientError``
    where the server may answer later.
    """
    address = url(settings)
    parts = conninfo.conninfo_to_dict(address)
    options = f"{parts.get('options', '')} -c timezone=UTC".strip()
    waits = parts.get("connect_timeout", CONNECT_SECONDS)
    try:
        connection = psycopg.connect(
            address, autocommit=True, application_name="huitou", options=options, connect_timeout=waits
        )
    except psycopg.OperationalError as error:
        raise _explained(settings, parts, str(error)) from None
    if connection.info.server_version < OLDEST_SERVER:
        version = connection.info.parameter_status("server_version")
        connection.close()
        raise UserError(f"The warehouse runs PostgreSQL {version}; Huitou needs 16 or newer.")
    return connection


def _parsed(dsn: str) -> dict[str, str]:
    try:
        parts = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # The library's own message may quote a piece of the password.
        raise UserError(
            f"{DSN_SETTING} is not a PostgreSQL URL: write postgresql://user:password@host:port/database "
            "with special characters percent-encoded."
        ) from None
    return {name: str(value) for name, value in parts.items() if value is not None}


def _as_url(parts: dict[str, str]) -> str:
    rest = dict(parts)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    account = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    place = ""
    # A socket folder or a list of hosts has no place before the slash; the query takes both.
    if not {"/", ","} & set(rest.get("host", "")):
        host = rest.pop("host", "")
        place = f"[{host}]" if ":" in host else quote(host, safe="")
        place += f":{rest.pop('port')}" if "port" in rest and host else ""
    database = quote(rest.pop("dbname", ""), safe="")
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://{account}{'@' if account else ''}{place}/{database}{query}"


def _explained(settings: Settings, parts: Mapping[str, object], said: str) -> UserError | TransientError:
    password = str(parts.get("password") or "")
    reason = said.partition("\n")[0].removeprefix("connection failed: ").strip().rstrip(".")
    if password:
        reason = reason.replace(password, "***")
    where = f"{parts.get('host', 'the local socket')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
    if any(refusal in said for refusal in REFUSALS):
        hint = f"Check {DSN_SETTING}." if settings.warehouse_dsn else "See `huitou db status`."
        return UserError(f"The warehouse at {where} refuses the connection: {reason}. {hint}")
    return TransientError(f"The warehouse at {where} does not answer: {reason}.")
