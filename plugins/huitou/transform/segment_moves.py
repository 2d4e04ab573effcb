"""Who moved between lifecycle classes, between any two dates, from the published history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import class_row

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect

# docs/metrics.md shows the same query for a BI tool.
MOVED = """
select
    coalesce(b.lifecycle, 'none') as from_lifecycle,
    a.lifecycle as to_lifecycle,
    count(*)::integer as customers,
    (count(*) / sum(count(*)) over (partition by coalesce(b.lifecycle, 'none')))::float as share
from marts.customer_segment_history as a
left join marts.customer_segment_history as b
    on b.customer_key = a.customer_key
    and b.valid_from <= %(first)s and (b.valid_to > %(first)s or b.valid_to is null)
where a.valid_from <= %(last)s and (a.valid_to > %(last)s or a.valid_to is null)
group by b.lifecycle, a.lifecycle
order by 1, 2
"""


@dataclass(frozen=True)
class Move:
    """People who stood in one class at the close of the first day and in the other at the close of the last.

    ``from_lifecycle`` is ``none`` for who came in between; ``share`` is of all who stood in ``from_lifecycle``.
    """

    from_lifecycle: str
    to_lifecycle: str
    customers: int
    share: float


def moved(settings: Settings, first: date, last: date) -> list[Move]:
    """The migration matrix from the close of ``first`` to that of ``last``, as known by the newest published date.

    Raises ``UserError`` for dates out of order, after the published date, or before anything was published.
    """
    if first >= last:
        raise UserError(f"--from {first} --to {last}: give two dates, the earlier one first.")
    with connect(settings) as connection:
        stands = _published(connection)
        if last > stands:
            raise UserError(f"--to {last}: the marts stand at {stands}; give a date up to it.")
        with connection.cursor(row_factory=class_row(Move)) as cursor:
            return cursor.execute(MOVED, {"first": first, "last": last}).fetchall()


def _published(connection: psycopg.Connection) -> date:
    row = connection.execute("select max(business_date) from ops.publications").fetchone()
    if row is None or row[0] is None:
        raise UserError("No marts are published yet: run `huitou night --date YYYY-MM-DD`.")
    stands: date = row[0]
    return stands
