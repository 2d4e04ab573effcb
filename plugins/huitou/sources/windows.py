"""The window of a night: which part of a source's history an extraction asks for.

A window begins at the watermark of the night before, the last value that it saw, that value included: a row that
shares it may have been committed since, and one that comes twice is a duplicate. It ends with the business date.
The manifest's stamp holds it, so it is committed with the rows; the same night asked again has the same window.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from huitou.settings import Settings
from huitou.sources.feeds import Feed, SourceSet
from huitou.warehouse.connection import connect


@dataclass(frozen=True)
class Window:
    """``low`` is included. Both bounds are text: an ISO 8601 instant in UTC, an ISO date, or the cursor's own value."""

    origin: str
    low: str | None = None
    high: str | None = None

    def stamp(self) -> str:
        """What a file that is still to be extracted carries."""
        return json.dumps({"of": self.origin, "from": self.low, "until": self.high})

    def stamp_seen(self, seen: str | None) -> str:
        """What the manifest remembers of the extraction: it also saw up to ``seen``, if anything."""
        return json.dumps({"of": self.origin, "from": self.low, "until": self.high, "seen": seen})

    @classmethod
    def read(cls, stamp: str) -> Window:
        """The window that ``stamp`` made."""
        said = json.loads(stamp)
        return cls(said["of"], said["from"], said["until"])


def window(
    settings: Settings, source_set: SourceSet, feed: Feed, night: date, asked: Window, *, open_ended: bool = False
) -> Window:
    """``asked`` as the manifest knows better: the night's own window, else it begins at the watermark.

    ``open_ended`` says that the cursor knows no dates: the night's first extraction then has no end, and a second
    one ends where the first did.
    """
    with connect(settings) as connection:
        rows = connection.execute(
            "select distinct on (business_date) business_date = %(night)s, low, high, seen from landing.extracts"
            " where source = %(source)s and feed = %(feed)s and origin = %(origin)s and business_date <= %(night)s"
            " order by business_date desc, file_id desc limit 2",
            {"source": source_set.name, "feed": feed.feed, "origin": asked.origin, "night": night},
        ).fetchall()
    for own, low, high, seen in rows:
        if own:
            return replace(asked, low=low, high=(seen or low) if open_ended else high)
        return replace(asked, low=seen or low)
    return asked


def day_bounds(night: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants (UTC) between which the business date lies on the shop's clock; the second is the next day's."""
    start = datetime.combine(night, time.min, zone)
    end = datetime.combine(night + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)
