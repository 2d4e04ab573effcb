"""The `sql` connector: what changed in a table or query of any database that SQLAlchemy speaks to.

One SELECT a night, in an order of its own, streamed to a Parquet file of text; from PostgreSQL by COPY. The file is
the record of what the source said that night.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.sources.access import access
from huitou.sources.extract_spec import SqlSpec
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.files import LandedFile, SourceFile
from huitou.sources.landing import keep, open_private, partial_path
from huitou.sources.sql_dialect import CONNECT_ARGS, explained, instant_of, prepare
from huitou.sources.sql_statement import first_value, night_select
from huitou.sources.text_columns import csv_batches, text_batches, text_schema
from huitou.sources.windows import Window, day_bounds, window


def find(settings: Settings, source_set: SourceSet, feed: Feed, night: date) -> list[SourceFile]:
    """One extraction: the window of the night. The source is not asked yet."""
    spec, zone = _spec(feed), _zone(source_set, feed)
    what = f"{spec.connection}/{spec.table or 'query'}" + (f".{spec.cursor}" if spec.cursor else "")
    asked = Window(what, first_value(spec, zone))
    if spec.cursor_type == "timestamp":
        asked = replace(asked, high=day_bounds(night, source_set.zone)[1].isoformat())
    elif spec.cursor_type == "date":
        asked = replace(asked, high=(night + timedelta(days=1)).isoformat())
    if spec.cursor:
        asked = window(settings, source_set, feed, night, asked, open_ended=spec.cursor_type in ("integer", "text"))
    return [SourceFile(f"sql:{what}", f"{feed.feed}-{night}.parquet", night, asked.stamp())]


def land(settings: Settings, source_set: SourceSet, feed: Feed, file: SourceFile, folder: Path) -> LandedFile:
    """Extract the window of ``file`` into a Parquet file.

    Raises ``TransientError`` where the database may answer later, ``UserError`` where a person has to mend something.
    """
    spec, asked = _spec(feed), Window.read(file.stamp)
    zone = _zone(source_set, feed)
    day = (file.business_date, *day_bounds(file.business_date, source_set.zone))
    path = partial_path(folder, file)
    seen: str | None = None
    try:
        with _opened(settings, feed, zone) as connection:
            statement = night_select(connection, feed, zone, day, asked)
            names = list(connection.execute(statement.limit(0)).keys())
            _check(feed, names)
            with open_private(path) as target, pq.ParquetWriter(target, text_schema(names), compression="zstd") as out:
                for batch in _batches(connection, statement, names, spec.batch):
                    out.write_batch(batch)
                    seen = _last(batch, spec) or seen
        seen = instant_of(seen, zone).isoformat() if seen and spec.cursor_type == "timestamp" else seen
        origin = replace(file, stamp=asked.stamp_seen(seen))
        return keep(path, origin, folder)
    except OSError as error:
        raise UserError(f"{feed.feed}: cannot be landed in {folder}: {error.strerror or error}.") from None
    finally:
        path.unlink(missing_ok=True)


def _spec(feed: Feed) -> SqlSpec:
    assert feed.sql is not None
    return feed.sql


def _zone(source_set: SourceSet, feed: Feed) -> ZoneInfo:
    """The clock of the source's times without an offset; days begin and end on the shop's."""
    return ZoneInfo(_spec(feed).time_zone or source_set.time_zone)


@contextmanager
def _opened(settings: Settings, feed: Feed, zone: ZoneInfo) -> Iterator[sa.Connection]:
    """A read-only session with the feed's database; whatever its driver raises comes out as an error of ours."""
    name = _spec(feed).connection
    dsn = access(settings, name).needed("dsn", name)
    password: str | None = None
    try:
        url = sa.make_url(dsn)
        password = url.password
        arguments = CONNECT_ARGS.get(url.get_driver_name(), {})
        engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
        with engine.connect() as connection:
            prepare(connection, zone)
            yield connection
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError):
        raise UserError(
            f"{feed.feed}: no driver for the DSN of connection {name}: install it (for mysql+pymysql:// the extra "
            "mysql), or name another."
        ) from None
    except sa.exc.ArgumentError:
        raise UserError(f"{feed.feed}: the dsn of connection {name} is not an SQLAlchemy URL.") from None
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        raise explained(error, feed.feed, name, password) from None


def _check(feed: Feed, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{feed.feed}: sql.query gives column {twice[0]!r} twice. Name each of its columns.")


def _batches(
    connection: sa.Connection, statement: sa.Select[Any], names: list[str], batch: int
) -> Iterator[pa.RecordBatch]:
    if connection.dialect.driver == "psycopg":
        yield from csv_batches(names, _copied(connection, statement))
        return
    result = connection.execution_options(yield_per=batch, stream_results=True).execute(statement)
    yield from text_batches(names, result.partitions())


def _copied(connection: sa.Connection, statement: sa.Select[Any]) -> Iterator[bytes]:
    compiled = statement.compile(dialect=connection.dialect)
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor().copy(f"copy ({compiled}) to stdout (format csv)", compiled.params) as copy:
        yield from map(bytes, copy)


def _last(batch: pa.RecordBatch, spec: SqlSpec) -> str | None:
    """The last value of the cursor; the rows come in its order."""
    if spec.cursor is None:
        return None
    values = batch.column(spec.cursor).drop_null()
    return str(values[-1]) if len(values) else None
