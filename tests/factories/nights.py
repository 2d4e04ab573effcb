"""Fourteen nights of the demo shop whose files arrive, and whose nights are run, in any order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random

import psycopg
from psycopg import sql

from factories.books import assert_books_agree
from factories.warehouses import new_warehouse
from huitou.errors import DataQualityError, TransientError
from huitou.settings import Settings
from huitou.shop.generate import generate
from huitou.sources.feeds import load_source_set
from huitou.sources.ingest import ingest
from huitou.transform.build import build
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

LAST = date(2026, 11, 21)
DAYS = [LAST - timedelta(days=n) for n in reversed(range(14))]
CUSTOMERS = 150
DATABASE = "t_nights"
# Serial numbers tell in what order things were done.
COUNTED = ["quarantine_id", "file_id"]
# Its rows are attempts to fit: a build that was asked for early makes one more.
DIARY = "value_fits"

Marts = dict[str, list[str]]


class Nights:
    """One home and one name of a database, so that dbt reads its project once; both are emptied by ``anew``."""

    def __init__(self, server: EmbeddedServer, template: str, home: Path) -> None:
        self._server, self._template = server, template
        self.settings = Settings(home=home, warehouse_dsn=server.url(DATABASE))
        self.feeds = list(load_source_set(self.settings).feeds)
        self._wanted: dict[int, Marts] = {}

    @contextmanager
    def anew(self) -> Iterator[psycopg.Connection]:
        """A warehouse in which nothing was ever loaded, and a shop whose files have not come."""
        for folder in ("shop", "landing"):
            shutil.rmtree(self.settings.home / folder, ignore_errors=True)
        home = self.settings.home
        with new_warehouse(self._server, DATABASE, self._template, home), connect(self.settings) as connection:
            yield connection
            assert_books_agree(connection)

    def files(self, shop: int) -> list[Path]:
        """What the shop of this seed sends, by day."""
        folder = self.settings.home / "made" / str(shop)
        if not folder.exists():
            generate(folder, CUSTOMERS, len(DAYS), shop, LAST)
        return sorted(path for path in (folder / "drops").rglob("*") if path.is_file())

    def arrive(self, files: list[Path]) -> None:
        for path in files:
            place = self.settings.home / "shop" / "drops" / path.parent.name
            place.mkdir(parents=True, exist_ok=True)
            # A hard link keeps the time at which the file was written.
            (place / path.name).hardlink_to(path)

    def run(self, night: date, feeds: list[str]) -> None:
        """As the nightly run does; a feed whose file of that night has not come is tried again another time."""
        for feed in feeds:
            try:
                ingest(self.settings, feed, night)
            except TransientError:
                continue

    def in_order(self, shop: int) -> Marts:
        """The marts of a clean run, night by night."""
        if shop not in self._wanted:
            with self.anew() as connection:
                for day in DAYS:
                    self.arrive([path for path in self.files(shop) if path.parent.name == day.isoformat()])
                    self.run(day, self.feeds)
                build(self.settings, LAST)
                self._wanted[shop] = marts(connection)
        return self._wanted[shop]

    def in_any_order(self, shop: int, chance: Random) -> Marts:
        """The marts when files come shuffled, and after each few of them some feeds of some nights run, old or new."""
        with self.anew() as connection:
            waiting = self.files(shop)
            chance.shuffle(waiting)
            while waiting:
                count = chance.choice([1, 5, 10, 20, 40])
                self.arrive(waiting[:count])
                del waiting[:count]
                for night in chance.choices(DAYS, k=chance.choice([1, 1, 2])):
                    self.run(night, chance.sample(self.feeds, 4))
                if chance.random() < 0.03:
                    self._build_early(chance.choice(DAYS))
            self.run(LAST, chance.sample(self.feeds, len(self.feeds)))
            build(self.settings, LAST)
            return marts(connection)

    def _build_early(self, night: date) -> None:
        try:
            build(self.settings, night)
        except DataQualityError:  # half of the files are not there: the gate may well be shut
            return


def marts(connection: psycopg.Connection) -> Marts:
    """Every row of every mart but the diary of fits."""
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' and table_name <> %s order by 1",
        (DIARY,),
    ).fetchall()
    rows = sql.SQL("select (to_jsonb(m) - %s::text[])::text from {} as m order by 1")
    return {
        name: [text for (text,) in connection.execute(rows.format(sql.Identifier("marts", name)), (COUNTED,))]
        for (name,) in tables
    }
