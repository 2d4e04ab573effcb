"""What differs from one database to the next: how a session is told its clock, and what its errors mean.

Times without an offset are read on the clock that the feed file names. Where the server itself converts, it is told
that clock, so that both kinds of column come out right.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from huitou.errors import HuitouError, TransientError, UserError
from huitou.warehouse.connection import REFUSALS

CONNECT_SECONDS = 10
CONNECT_ARGS: dict[str, dict[str, Any]] = {
    "psycopg": {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    },
    "psycopg2": {"connect_timeout": CONNECT_SECONDS},
    "pymysql": {"connect_timeout": CONNECT_SECONDS, "read_timeout": 600},
}
MYSQL_UNKNOWN_ZONE = 1298
# Too many connections, shutting down, lock wait, deadlock, killed; the client's own (2000s) are of the connection.
MYSQL_PASSING = frozenset({1040, 1053, 1205, 1213, 1317, 1927}) | frozenset(range(2000, 3000))
# Connection, resources, operator's intervention, object in use, transaction rollback.
POSTGRES_PASSING = ("08", "53", "57", "55", "40")
# These speak of names and rights, never of a row's values.
POSTGRES_TELLING = (*POSTGRES_PASSING, "42", "3D", "3F", "28")


def prepare(connection: sa.Connection, zone: ZoneInfo) -> None:
    """Tell the session its clock, its way to write times, and that it only reads."""
    kind = connection.dialect.name
    if kind == "postgresql":
        for statement in (
            f"set session time zone '{zone.key}'",
            "set session datestyle = 'ISO, YMD'",
            "set session characteristics as transaction read only",
        ):
            connection.exec_driver_sql(statement)
    elif kind in ("mysql", "mariadb"):
        _set_mysql_zone(connection, zone)
        connection.exec_driver_sql("set session transaction read only")
    elif kind == "sqlite":
        connection.exec_driver_sql("pragma query_only = on")
    connection.commit()


def _set_mysql_zone(connection: sa.Connection, zone: ZoneInfo) -> None:
    """By name where the server has the zone tables, else by offset where the zone has but one."""
    try:
        connection.exec_driver_sql(f"set session time_zone = '{zone.key}'")
    except sa.exc.DBAPIError as error:
        if _mysql_number(error.orig) != MYSQL_UNKNOWN_ZONE:
            raise
        offsets = {datetime(2000 + n // 12, 1 + n % 12, 1, tzinfo=zone).strftime("%z") for n in range(12 * 38)}
        if len(offsets) > 1:
            raise UserError(
                f"The server does not know the time zone {zone.key}: load its time zone tables "
                "(mysql_tzinfo_to_sql), or keep the times in UTC and say sql.time_zone: UTC."
            ) from None
        offset = offsets.pop()
        connection.exec_driver_sql(f"set session time_zone = '{offset[:3]}:{offset[3:]}'")


def time_parameter(kind: str, instant: datetime, zone: ZoneInfo) -> tuple[Any, sa.types.TypeEngine[Any]]:
    """``instant`` as a bound value of that kind of database, and its type."""
    if kind == "postgresql":
        return instant.astimezone(zone), sa.DateTime(timezone=True)
    local = instant.astimezone(zone).replace(tzinfo=None)
    if kind == "sqlite":
        return local.isoformat(" "), sa.String()
    return local, sa.DateTime()


def cursor_parameter(
    kind: str, cursor_type: str, text: str, back: timedelta | int, zone: ZoneInfo
) -> tuple[Any, sa.types.TypeEngine[Any]]:
    """A value of the cursor as a window holds it, moved back, as a bound value and its type."""
    if cursor_type == "timestamp":
        assert isinstance(back, timedelta)
        return time_parameter(kind, instant_of(text, zone) - back, zone)
    if cursor_type == "date":
        assert isinstance(back, timedelta)
        return date.fromisoformat(text) - back, sa.Date()
    if cursor_type == "integer":
        assert isinstance(back, int)
        return int(text) - back, sa.BigInteger()
    return text, sa.String()


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that ISO 8601 text says; without an offset it is read on the clock of ``zone``."""
    value = datetime.fromisoformat(text)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def explained(error: Exception, feed: str, connection: str, password: str | None) -> HuitouError:
    """What a driver said, as an error that tells who has to move; no row's value is repeated."""
    said = getattr(error, "orig", None) or error
    passing, telling = _judged(error, said)
    text = str(said.args[-1] if said.args else said).strip().partition("\n")[0].rstrip(".")
    if password:
        text = text.replace(password, "***")
    reason = text if telling else f"{type(said).__name__} {_code(said)}".strip()
    if passing:
        return TransientError(f"{feed}: the database of connection {connection} is not to be had now: {reason}.")
    return UserError(f"{feed}: the database of connection {connection} refuses: {reason}.")


def _judged(error: Exception, said: BaseException) -> tuple[bool, bool]:
    """(may it pass by itself, may its text be shown)."""
    state = _sqlstate(said)
    if state:
        return state.startswith(POSTGRES_PASSING), state.startswith(POSTGRES_TELLING)
    number = _mysql_number(said)
    if number:
        return number in MYSQL_PASSING, True
    module = type(said).__module__
    if module == "sqlite3":
        passes = any(word in str(said) for word in ("locked", "busy"))
        return passes, type(said).__name__ == "OperationalError"
    if module.startswith("psycopg"):
        return not any(refusal in str(said) for refusal in REFUSALS), True
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | OSError), False


def _sqlstate(said: BaseException) -> str:
    return str(getattr(said, "sqlstate", None) or getattr(said, "pgcode", None) or "")


def _mysql_number(said: BaseException | None) -> int:
    first = said.args[0] if said is not None and said.args else None
    return first if isinstance(first, int) and "mysql" in type(said).__module__.lower() else 0


def _code(said: BaseException) -> str:
    return _sqlstate(said) or str(_mysql_number(said) or "")
