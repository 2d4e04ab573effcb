"""A warehouse that is built night by night by touched keys, beside a copy that is built in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from psycopg import sql

from factories.drawn_nights import NightFactory
from factories.warehouses import new_warehouse
from huitou.errors import DataQualityError
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.transform.build import build
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

Tables = dict[str, Counter[str]]


class TouchedShop:
    """A warehouse that is built night by night, and copies of it that are built in one go."""

    def __init__(self, server: EmbeddedServer, settings: Settings) -> None:
        self.server, self.settings = server, settings
        self.partial: list[bool] = []

    @contextmanager
    def nights(self, factory: NightFactory) -> Iterator[NightFactory]:
        with connect(self.settings) as connection:
            factory.connection = factory.raw.connection = connection
            yield factory

    def begun(self, seed: int, customers: int, day: date) -> NightFactory:
        """A drawn history, built as of ``day``."""
        with connect(self.settings) as connection:
            factory = NightFactory(connection, seed, day)
            factory.history(customers)
        self.build(day)
        return factory

    def build(self, day: date) -> None:
        build(self.settings, day)
        with connect(self.settings) as connection:
            self.partial += [
                row[0]
                for row in connection.execute(
                    "select (detail ->> 'only_touched')::boolean from ops.steps where step = 'build.dbt'"
                    " order by step_id desc limit 1"
                )
            ]

    def tested(self, model: str, day: date, only_touched: bool) -> str | None:
        """What the data tests of a model find."""
        tests = ("test", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious")
        try:
            dbt.run(self.settings, day, (*tests, "--select", model), only_touched)
        except DataQualityError as error:
            return str(error).partition(" on ")[2].partition(".")[0]
        return None

    def build_killed_after(self, model: str, day: date, monkeypatch: pytest.MonkeyPatch) -> None:
        real = dbt.run

        def breaks_off(settings: Settings, day: date, command: object = None, only_touched: bool = False) -> None:
            real(settings, day, ("run", "--select", f"+{model}"), only_touched)
            raise RuntimeError("killed")

        with monkeypatch.context() as patch:
            patch.setattr(dbt, "run", breaks_off)
            with pytest.raises(RuntimeError, match="killed"):
                build(self.settings, day)

    def tables(
        self, settings: Settings | None = None, schemas: tuple[str, ...] = ("candidate", "intermediate", "staging")
    ) -> Tables:
        """The rows of all tables, and of views among candidates and marts, as text."""
        with connect(settings or self.settings) as connection:
            names = connection.execute(
                "select schemaname, tablename from pg_tables where schemaname = any(%s)"
                r" and tablename !~ '^(touched_|taken_)'"
                " union all select schemaname, viewname from pg_views"
                " where schemaname = any(%s) and schemaname in ('candidate', 'marts') order by 1, 2",
                (list(schemas), list(schemas)),
            ).fetchall()
            return {
                f"{schema}.{table}": Counter(
                    row[0]
                    for row in connection.execute(
                        sql.SQL("select t::text from {} as t").format(sql.Identifier(schema, table))
                    )
                )
                for schema, table in names
            }

    def touched(self, kind: str) -> set[object]:
        """The keys of one column that the last build found touched."""
        with connect(self.settings) as connection:
            rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier("staging", f"touched_{kind}")))
            return {key for (key,) in rows.fetchall()}

    def made(self) -> dict[str, int]:
        """Of each relation that a build makes, seeds among them, a number that is another one once it is made anew."""
        with connect(self.settings) as connection:
            rows = connection.execute(
                "select relname, oid from pg_class where relkind in ('r', 'v') and relname !~ '^(touched|taken)_'"
                " and relnamespace::regnamespace::text in ('staging', 'intermediate', 'candidate')"
            )
            return dict(rows.fetchall())

    def grown_since_analyzed(self) -> list[str]:
        """Tables that hold a tenth more than when PostgreSQL last counted them for its plans."""
        with connect(self.settings) as connection:
            rows = connection.execute(
                r"select relname from pg_class where relkind = 'r' and relname !~ '^(touched|taken)_'"
                " and relnamespace::regnamespace::text in ('staging', 'intermediate', 'candidate')"
                " and pg_relation_size(oid) > 1.1 * relpages * current_setting('block_size')::integer"
            )
            return [name for (name,) in rows.fetchall()]

    def worked_out_at_once(self, day: date) -> Tables:
        """The same of a copy in which everything is made anew, of rows that lie in another order."""
        with new_warehouse(self.server, "t_copy", "t_test", self.settings.home) as copy:
            shuffle_raw(copy)
            dbt.run(copy, day, ("run",))
            return self.tables(copy)


def shuffle_raw(settings: Settings) -> None:
    with connect(settings) as connection:
        # Without triggers: nothing comes or goes.
        connection.execute("set session_replication_role = replica")
        for (table,) in connection.execute("select tablename from pg_tables where schemaname = 'raw'").fetchall():
            name = sql.Identifier("raw", table)
            connection.execute(sql.SQL("create temp table lying as select * from {}").format(name))
            connection.execute(sql.SQL("truncate {}").format(name))
            connection.execute(sql.SQL("insert into {} select * from lying order by md5(lying::text)").format(name))
            connection.execute("drop table lying")
