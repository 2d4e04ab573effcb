"""How a feed's text is read, as digests: what was read in another way may be read anew."""

from __future__ import annotations

import hashlib

from huitou.sources.feeds import Feed, SourceSet


def mapping_of(feed: Feed, source_set: SourceSet) -> str:
    """A digest of everything that decides how the feed's text is read."""
    parts = (feed.mapping_sha256, source_set.time_zone, source_set.base_currency, source_set.country)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def reading_of(feed: Feed, source_set: SourceSet) -> str:
    """A digest of everything that decides whether a row is right: the mapping and the contract."""
    parts = (mapping_of(feed, source_set), feed.contract.model_dump_json())
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
