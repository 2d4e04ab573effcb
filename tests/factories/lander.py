"""Run as a program: extract the night's window of the feed ``orders`` and print the digest of what was landed.

``python lander.py YYYY-MM-DD``; settings come from the environment. A test kills it.
"""

from __future__ import annotations

import sys
from datetime import date

from huitou.settings import Settings
from huitou.sources.connectors import connector
from huitou.sources.feeds import load_source_set


def main(day: str) -> int:
    settings = Settings.from_env()
    source_set = load_source_set(settings)
    feed = source_set.feed("orders")
    source = connector(feed)
    (file,) = source.find(settings, source_set, feed, date.fromisoformat(day))
    landed = source.land(settings, source_set, feed, file, settings.home / "landing")
    sys.stdout.write(landed.sha256)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
