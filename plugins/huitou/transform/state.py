"""What ``candidate`` stands at, and which keys the next build must work out anew.

A build takes on the notes of ``landing.changes`` that it finds, and deletes them when it is done, in the transaction
that says so. Broken off anywhere, the next one takes them on again: to work a key out twice changes nothing. It takes
on the touched keys too, as a table that was worked out anew no longer tells whose a row was that left raw.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, time, timedelta
from importlib import resources
from string import Formatter
from typing import LiteralString
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

from huitou.settings import PROJECT_ROOT, Settings
from huitou.sources.feeds import load_source_set

# From this share of all orders on, working them out one by one takes longer than all at once.
MOST_TOUCHED = 0.1
# In the order of their names: each builds on tables that the ones before it filled.
SCRIPTS = sorted((resources.files("huitou.transform") / "touched").iterdir(), key=lambda script: script.name)
TOUCHED = "".join(script.read_text(encoding="utf-8") for script in SCRIPTS)
# The models that are read as the last build left them: by these scripts, and by the hooks that note what turned.
READ = sorted(
    {
        *re.findall(r"\b(?:intermediate\.|staging\.(?!touched_|taken_))\w+", TOUCHED),
        "intermediate.int_response__weights",
        "intermediate.int_customers__order_days",
        "intermediate.int_customers__tiers",
        "intermediate.int_rfm__on_sunday",
        "intermediate.int_products__prices",
        "intermediate.int_recovery__orders",
        "intermediate.int_offers",
        "intermediate.int_categories__repurchase",
    }
)
UNSEEN = """(
    select r.* from raw.{feed} as r where r._business_date > %(built)s and r._business_date <= %(day)s
    union all
    select r.* from raw.{feed} as r
    where r._business_date <= %(built)s and r._file_id = any(array(
        select c.file_id from staging.taken_changes as c where c.feed = '{feed}' and c.file_id is not null
    ))
    -- Tells PostgreSQL that these are few, where it would read all rows: files differ in size by far.
    and r._file_id between (select min(c.file_id) from staging.taken_changes as c where c.feed = '{feed}')
        and (select max(c.file_id) from staging.taken_changes as c where c.feed = '{feed}')
)"""
EVERYTHING = """
select exists (
    select from staging.taken_changes where file_id is null and key is null and day is null and feed = any(%s)
)
"""
# Not those with two underscores: a mart's own keys wait for its publication.
SETS = """
select relname from pg_class
where relkind = 'r' and relnamespace = 'staging'::regnamespace and relname ~ '^touched_[^_]'
order by relname
"""
BROKE_OFF = "select attempted is not null from ops.build_state"
SHARE = """
select (select count(*) from staging.touched_orders) > greatest(1000, %s * (
    select reltuples from pg_class where oid = 'intermediate.int_orders__priced'::regclass
))
"""
DONE = """
insert into ops.build_state (as_of, fingerprint, unpublished) values (%(day)s, %(fingerprint)s, 'everything')
on conflict (only_row) do update set as_of = %(day)s, attempted = null,
    unpublished = case build_state.unpublished when 'everything' then 'everything' else 'touched' end
"""


def begin(connection: psycopg.Connection, settings: Settings, day: date) -> bool:
    """Prepare a build of ``day``; True where it may work out the touched keys alone, False where it must do all.

    All is done where nothing was built, a date goes back, a model, seed or setting changed, or too much is touched.
    """
    with connection.transaction():
        connection.execute("truncate staging.taken_changes")
        connection.execute("insert into staging.taken_changes select * from landing.changes")
        built = _built(connection, settings, day)
        if built and _is_partial(connection, settings, built, day):
            connection.execute("update ops.build_state set attempted = greatest(attempted, %s)", (day,))
            return True
    forget(connection)
    return False


def forget(connection: psycopg.Connection) -> None:
    """Have the next build do all: what stands in ``candidate`` is about to be something that no state tells."""
    connection.execute("delete from ops.build_state")


def done(connection: psycopg.Connection, settings: Settings, day: date) -> None:
    """Write down that ``candidate`` stands at ``day``, with all that ``begin`` took on."""
    with connection.transaction():
        connection.execute(DONE, {"day": day, "fingerprint": fingerprint(settings)})
        connection.execute(
            "delete from landing.changes where change_id in (select change_id from staging.taken_changes)"
        )


def fingerprint(settings: Settings) -> str:
    """SHA-256 over what makes the candidates beside raw: the dbt project, and the shop's clock and money."""
    source_set = load_source_set(settings)
    digest = hashlib.sha256(f"{source_set.time_zone} {source_set.base_currency}\0".encode())
    for path in sorted((PROJECT_ROOT / "dbt").rglob("*")):
        if path.suffix in (".sql", ".csv", ".yml"):
            digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def feeds_read() -> set[str]:
    """The feeds whose new rows touch a key: those in braces in ``touched/``."""
    return {name for _, name, _, _ in Formatter().parse(TOUCHED) if name}


def _built(connection: psycopg.Connection, settings: Settings, day: date) -> date | None:
    """The date that candidate stands at, where ``day`` can go on from it."""
    row = connection.execute(
        "select as_of from ops.build_state where fingerprint = %s and as_of <= %s and coalesce(attempted, as_of) <= %s"
        " and not exists (select from unnest(%s::text[]) as r (name) where to_regclass(r.name) is null)",
        (fingerprint(settings), day, day, READ),
    ).fetchone()
    return row[0] if row else None


def _is_partial(connection: psycopg.Connection, settings: Settings, built: date, day: date) -> bool:
    feeds = feeds_read()
    if connection.execute(EVERYTHING, ([*feeds, "identities", "person_keys"],)).fetchone() == (True,):
        return False
    zone = load_source_set(settings).time_zone
    # A lookup a key is what all of it is: whole tables cost by their size.
    connection.execute("set local random_page_cost = 1.1")
    sets = [name for (name,) in connection.execute(SETS).fetchall()]
    carried = sets if connection.execute(BROKE_OFF).fetchone() == (True,) else []
    _for_each(carried, "create temp table {kept} on commit drop as select * from staging.{name}", connection)
    _for_each(sets, "truncate staging.{name}", connection)
    values = {"built": built, "day": day, "zone": zone, "first": _start(built, zone), "after": _start(day, zone)}
    for statement in filter(str.strip, TOUCHED.split(";\n")):
        query = sql.SQL(statement).format(**{f: sql.SQL(UNSEEN.format(feed=f)) for f in feeds})
        connection.execute(query, values)
    _for_each(carried, "insert into staging.{name} select * from {kept} on conflict do nothing", connection)
    return connection.execute(SHARE, (MOST_TOUCHED,)).fetchone() == (False,)


def _for_each(names: list[str], statement: LiteralString, connection: psycopg.Connection) -> None:
    for name in names:
        kept = sql.Identifier(f"kept_{name}")
        connection.execute(sql.SQL(statement).format(name=sql.Identifier(name), kept=kept))


def _start(day: date, zone: str) -> datetime:
    """The moment at which the day after ``day`` begins."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
