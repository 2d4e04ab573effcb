"""What a build has not seen yet: ``landing.changes``, written in the transaction that changes raw.

Whoever loads a batch notes its files; rows that come later into a file known before are noted one by one. What leaves
raw, or changes there, is noted by the triggers of ``raw_tables``, whoever does it.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.contract import Contract
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.fragments import fragments


def note_files(connection: psycopg.Connection, contract: Contract) -> None:
    """Tell the next build that the files of ``arrived`` have brought rows."""
    connection.execute("insert into landing.changes (feed, file_id) select %s, file_id from arrived", (contract.feed,))


def note_rows(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    """Tell the next build which rows of ``typed`` have come into files that it may have read before."""
    connection.execute(
        sql.SQL(
            "insert into landing.changes (feed, source, key, day)"
            " select {feed}, {source}, array[{t_key}]::text[], t._day from typed as t"
        ).format(**fragments(source_set, feed))
    )
