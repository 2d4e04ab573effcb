"""The name of a time zone, as feed files give it."""

from __future__ import annotations

from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from huitou.yaml_files import did_you_mean


@cache
def _zones() -> set[str]:
    # Each look walks the whole tree of zone files.
    return available_timezones()


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"not an IANA time zone.{did_you_mean(name, sorted(_zones()))}")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
