"""The name of a time zone, as feed files give it."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator

from huitou.yaml_files import did_you_mean


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"not an IANA time zone.{did_you_mean(name, sorted(available_timezones()))}")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
