"""The seam between ingest and the systems that records come from.

Whatever a connector speaks, what it brings is a file as sent in the landing folder, named by its content; from
there on every feed goes the same way.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from huitou.settings import Settings
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.files import LandedFile, SourceFile

MODULES = {
    "files": "huitou.sources.files",
    "sql": "huitou.sources.sql_source",
    "http": "huitou.sources.http_source",
}


class Connector(Protocol):
    """What a module in ``MODULES`` offers."""

    def find(self, settings: Settings, source_set: SourceSet, feed: Feed, night: date) -> list[SourceFile]:
        """What the source has for ``night``, oldest first. Nothing is fetched yet."""

    def land(self, settings: Settings, source_set: SourceSet, feed: Feed, file: SourceFile, folder: Path) -> LandedFile:
        """Fetch ``file`` into ``folder``. Its origin's stamp is what the manifest will remember of it."""


def connector(feed: Feed) -> Connector:
    """The connector of the feed; its libraries are imported when it is first asked for."""
    return cast(Connector, import_module(MODULES[feed.connector]))
