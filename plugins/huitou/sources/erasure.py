"""Erasure: what is personal of one customer leaves everything that we keep; what stays cannot bring it back.

Orders and money stay under the customer's key, so that other people's figures and the books hold. Of the contact
points only the keyed hashes stay, on the suppression list; of the accounts, tombstones that ingest obeys.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from huitou.settings import Settings
from huitou.sources.contract import Contract, contracts
from huitou.sources.feeds import Feed, SourceSet, load_source_set
from huitou.sources.identity import customer_key_of
from huitou.sources.personal import INVALID, ROW_KIND
from huitou.sources.raw_tables import table_of
from huitou.sources.retention import delete_landed, personal_feeds
from huitou.sources.searching import may_hold
from huitou.sources.tombstones import ERASED, ERASED_OWNERS, drop_contact_points, owner_of, personal_columns
from huitou.warehouse.connection import connect
from huitou.warehouse.steps import step
from huitou.warehouse.vault import Vault

CHANNELS = (("phone", "sms"), ("phone", "phone"), ("email", "email"), ("wechat", "wechat"))
BUILT = ("staging", "intermediate", "candidate", "marts")


@dataclass
class Erased:
    """What one erasure took away, counted; the customer's key stays as a pseudonym without a person."""

    customer_key: str
    accounts: int = 0
    contact_points: int = 0
    suppressed: int = 0
    rows: int = 0
    quarantined: int = 0
    messages: int = 0
    files: int = 0
    exports: int = 0


@dataclass(frozen=True)
class _Person:
    key: str
    keys: list[str]
    ids: list[str]
    # As they were sent or stored: what files are searched for. Never shown.
    words: list[str] = field(repr=False)


def erase(settings: Settings, customer: str, business_date: date) -> Erased:
    """Erase the customer known as ``customer`` (key or customer id) as of ``business_date``; repeating it is safe.

    Raises ``UserError`` where nobody is known by that name. Files are deleted before the database commits: broken
    off, it is done again from the start.
    """
    source_set, vault = load_source_set(settings), Vault(settings)
    with connect(settings) as connection, step(connection, business_date, "erase") as detail:
        with connection.transaction():
            _keep_others_out(connection)
            result = Erased(customer_key_of(connection, customer))
            person = _person(connection, vault, result.customer_key)
            _entomb(connection, person, business_date, result)
            for contract in contracts().values():
                result.rows += _empty_raw(connection, contract)
            result.quarantined = _clear_quarantine(connection, vault, source_set, person)
            result.contact_points = drop_contact_points(connection)
            result.messages = _cancel(connection, person)
            _empty_built(connection, person)
            result.files = _delete_files(connection, settings, person, business_date)
            result.exports = _clear_exports(settings.home / "lists", set(person.keys))
            counts = {name: count for name, count in asdict(result).items() if name != "customer_key"}
            connection.execute(
                "insert into ops.erasures (customer_key, business_date, counts) values (%s, %s, %s)",
                (person.key, business_date, json.dumps(counts)),
            )
        detail.update(counts)
    return result


def _keep_others_out(connection: psycopg.Connection) -> None:
    """No feed with personal data is being taken in meanwhile, and no person worked out anew."""
    for feed in sorted(personal_feeds()):
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"huitou.ingest.{feed}",))
    connection.execute("select pg_advisory_xact_lock(hashtext('huitou.identity'))")


def _person(connection: psycopg.Connection, vault: Vault, key: str) -> _Person:
    """The accounts of the person in the table ``doomed``, their keyed hashes in ``let_go``."""
    connection.execute("create temp table let_go (contact_hash text) on commit drop")
    connection.execute(
        "create temp table doomed on commit drop as select a.source, a.customer_id, i.customer_key as own_key"
        " from vault.accounts_as_of('infinity') as a join vault.identities as i using (source, customer_id)"
        " where a.customer_key = %s",
        (key,),
    )
    connection.execute(
        "insert into let_go select distinct v.h from raw.customers as c"
        " join doomed as d on d.source = c._source and d.customer_id = c.customer_id"
        " cross join lateral (values (c.phone), (c.email), (c.wechat), (c.name)) as v (h) where v.h is not null"
    )
    accounts = connection.execute("select customer_id, own_key from doomed").fetchall()
    sealed = connection.execute(
        "select contact_hash, kind, sealed from vault.contact_points"
        " where contact_hash in (select contact_hash from let_go) and kind <> 'name'"
    ).fetchall()
    ids = [row[0] for row in accounts]
    words = [form for name, _, box in sealed for form in _written(vault.open(name, box))]
    return _Person(key, sorted({key, *(row[1] for row in accounts)}), ids, [*ids, *words])


def _written(value: str) -> list[str]:
    """A contact point in the forms that people send it in."""
    return [value, value.removeprefix("+86"), value.removeprefix("+")] if value.startswith("+") else [value]


def _entomb(connection: psycopg.Connection, person: _Person, business_date: date, result: Erased) -> None:
    channels = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(sql.Literal(kind), sql.Literal(channel)) for kind, channel in CHANNELS
    )
    result.suppressed = connection.execute(
        sql.SQL(
            "insert into vault.suppressions (contact_hash, channel, reason, since)"
            " select distinct d.identifier, c.channel, {}, transaction_timestamp()"
            " from vault.identifiers as d join doomed using (source, customer_id)"
            " join (values {}) as c (kind, channel) on c.kind = d.kind"
            " on conflict (contact_hash, channel) do update set reason = excluded.reason"
        ).format(sql.Literal(ERASED), channels)
    ).rowcount
    result.accounts = connection.execute(
        "update vault.identities as i set erased_on = %s from doomed as d"
        " where i.source = d.source and i.customer_id = d.customer_id and i.erased_on is null",
        (business_date,),
    ).rowcount
    connection.execute(
        "delete from vault.identifiers as i using doomed as d"
        " where i.source = d.source and i.customer_id = d.customer_id"
    )


def _empty_raw(connection: psycopg.Connection, contract: Contract) -> int:
    """Null what is personal in the raw rows of erased people."""
    names = personal_columns(contract)
    owner = owner_of(contract)
    if not names:
        return 0
    if owner is None:
        return sum(_empty_contact(connection, contract, name) for name in names if contract.columns[name].is_contact)
    nothing = sql.SQL(", ").join(sql.SQL("{} = null").format(sql.Identifier(name)) for name in names)
    values = sql.SQL(", ").join(sql.Identifier("r", name) for name in names)
    changed = connection.execute(
        sql.SQL("update {} as r set {} where (r._source, r.{}) in ({}) and num_nonnulls({}) > 0").format(
            table_of(contract), nothing, sql.Identifier(owner), sql.SQL(ERASED_OWNERS[owner]), values
        )
    ).rowcount
    # Rows that wait beside another of their key are kept typed as well.
    none = sql.Literal(json.dumps(dict.fromkeys(names)))
    connection.execute(
        sql.SQL(
            "update quarantine.conflicts set content = content || {}::jsonb"
            " where feed = {} and (source, content ->> {}) in ({})"
        ).format(none, sql.Literal(contract.feed), sql.Literal(owner), sql.SQL(ERASED_OWNERS[owner]))
    )
    return changed


def _empty_contact(connection: psycopg.Connection, contract: Contract, name: str) -> int:
    """Null a contact point in rows that name no customer: the point alone tells whose they are."""
    return connection.execute(
        sql.SQL("update {} as r set {} = null where r.{} in (select contact_hash from let_go)").format(
            table_of(contract), sql.Identifier(name), sql.Identifier(name)
        )
    ).rowcount


def _clear_quarantine(connection: psycopg.Connection, vault: Vault, source_set: SourceSet, person: _Person) -> int:
    """Empty the rows as sent that hold the person's id or contact points; they stay counted, as dismissed."""
    found = connection.execute(
        "select q.quarantine_id, q.row from quarantine.rows as q where q.feed = any(%s) and exists ("
        " select from jsonb_each_text(q.row) as v where replace(v.value, %s, '') in (select contact_hash from let_go))",
        (list(personal_feeds()), INVALID),
    ).fetchall()
    for feed in source_set.feeds.values():
        for _, reading in feed.readings:
            found += _quarantined_by_id(connection, source_set, reading)
    sealed = connection.execute(
        "select q.quarantine_id, q.row, p.contact_hash, p.sealed from quarantine.rows as q"
        " join vault.contact_points as p on p.contact_hash = q.row ->> 'sealed' and p.kind = %s",
        (ROW_KIND,),
    ).fetchall()
    for number, row, name, box in sealed:
        text = vault.open(name, box)
        if any(word in text for word in person.words):
            found.append((number, row))
    names = [str(value).removeprefix(INVALID) for _, row in found for value in row.values() if value is not None]
    connection.execute(
        "insert into let_go select p.contact_hash from vault.contact_points as p where p.contact_hash = any(%s)",
        (names,),
    )
    return connection.execute(
        "update quarantine.rows set row = %s, state = 'dismissed' where quarantine_id = any(%s)",
        (json.dumps({ERASED: True}), [number for number, _ in found]),
    ).rowcount


def _quarantined_by_id(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> list[tuple[Any, ...]]:
    """Rows of the feed whose own column for the customer, the order or the case names an erased one."""
    owner = owner_of(feed.contract) if personal_columns(feed.contract) else None
    column = feed.columns[owner].source if owner in feed.columns else None
    if owner is None or column is None:
        return []
    return connection.execute(
        sql.SQL(
            "select q.quarantine_id, q.row from quarantine.rows as q"
            " where q.source = {} and q.feed = {} and (q.source, btrim(q.row ->> {})) in ({})"
        ).format(
            sql.Literal(source_set.name), sql.Literal(feed.feed), sql.Literal(column), sql.SQL(ERASED_OWNERS[owner])
        )
    ).fetchall()


def _cancel(connection: psycopg.Connection, person: _Person) -> int:
    return connection.execute(
        "update ops.messages set state = 'cancelled', state_reason = 'suppressed'"
        " where customer_key = any(%s) and state in ('planned', 'approved', 'parked')",
        (person.keys,),
    ).rowcount


def _empty_built(connection: psycopg.Connection, person: _Person) -> None:
    """What a build carried over of the person's record goes at once, not with the next build."""
    columns = connection.execute(
        "select n.nspname, c.relname, array_agg(a.attname::text) from pg_class as c"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not a.attnotnull"
        " where c.relkind = 'r' and n.nspname = any(%s) and a.attname = any(%s)"
        " and exists (select from pg_attribute as k where k.attrelid = c.oid and k.attname = 'customer_key')"
        " group by 1, 2",
        (list(BUILT), personal_columns(contracts()["customers"])),
    ).fetchall()
    for schema, table, names in columns:
        nothing = sql.SQL(", ").join(sql.SQL("{} = null").format(sql.Identifier(name)) for name in names)
        connection.execute(
            sql.SQL("update {} set {} where customer_key = any(%s)").format(sql.Identifier(schema, table), nothing),
            (person.keys,),
        )


def _delete_files(connection: psycopg.Connection, settings: Settings, person: _Person, day: date) -> int:
    """Delete landed files that hold the person, whole: their rows are all accounted for, and raw has them."""
    landing = settings.home / "landing"
    known = connection.execute(
        "select distinct landed_as from landing.files where landed_as is not null and feed = any(%s)",
        (list(personal_feeds()),),
    ).fetchall()
    # A run that failed, or was broken off, leaves files that no manifest has.
    left = [path for feed in personal_feeds() for path in landing.glob(f"*/{feed}/*") if path.is_file()]
    paths = {row[0] for row in known} | {str(path) for path in left}
    held = [path for path in sorted(paths) if may_hold(Path(path), person.words)]
    delete_landed(connection, held, day)
    return len(held)


def _clear_exports(folder: Path, keys: set[str]) -> int:
    """Take the person's lines out of the lists that were exported with contact points."""
    cleared = 0
    for path in sorted(folder.glob("*/*.contacts.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names, rows = list(reader.fieldnames or []), list(reader)
        kept = [row for row in rows if row.get("customer_key") not in keys]
        if len(kept) < len(rows):
            _rewrite(path, names, kept)
            cleared += 1
    return cleared


def _rewrite(path: Path, names: list[str], rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    partial = path.with_name(f".{secrets.token_hex(4)}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig") as file:
        file.write(text.getvalue())
    partial.replace(path)
