"""Tombstones: whose data was erased brings nothing personal in again, whatever old file is read once more.

An account carries its tombstone in ``vault.identities``, a contact point in ``vault.suppressions``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.cast import staged_name
from huitou.sources.contract import CONTACT_TYPES, Contract
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.personal import INVALID

ACCOUNT = "customer_id"
ERASED = "erased"
PERSONAL_TYPES = (*CONTACT_TYPES, "free_text", "month_day")
# In the record of a customer every word is about a person: the town tells as much as the birthday.
ABOUT_A_CUSTOMER = (*PERSONAL_TYPES, "text")
LINKING = ("customer_id", "person_id")

# By the column that leads from a record to its customer: the erased values of it. The first that a contract has counts.
ERASED_OWNERS = {
    ACCOUNT: "select i.source, i.customer_id from vault.identities as i where i.erased_on is not null",
    "ticket_id": "select t._source, t.ticket_id from raw.tickets as t join vault.identities as i"
    " on i.source = t._source and i.customer_id = t.customer_id where i.erased_on is not null",
    "order_id": "select o._source, o.order_id from raw.orders as o join vault.identities as i"
    " on i.source = o._source and i.customer_id = o.customer_id where i.erased_on is not null",
}


def personal_columns(contract: Contract) -> list[str]:
    """The columns that an erased person's rows lose; those that a row cannot be without are none of them."""
    types = ABOUT_A_CUSTOMER if contract.key == (ACCOUNT,) else PERSONAL_TYPES
    return [
        name
        for name, column in contract.columns.items()
        if column.type in types and not column.required and name not in (*LINKING, *contract.key)
    ]


def owner_of(contract: Contract) -> str | None:
    """The column that leads from a record to its customer, if one does."""
    return next((name for name in ERASED_OWNERS if name in contract.columns), None)


def has_erased_accounts(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> bool:
    """Whether rows of ``feed`` may be of an erased account; then all of them must come by way of ``staged``."""
    if not any(feed.columns[name].source for name in personal_columns(feed.contract) if name in feed.columns):
        return False
    row = connection.execute(
        "select exists (select from vault.identities where source = %s and erased_on is not null)", (source_set.name,)
    ).fetchone()
    return row is not None and bool(row[0])


def leave_out_erased(connection: psycopg.Connection, source_set: SourceSet, feed: Feed) -> None:
    """Empty what is personal of erased people in ``staged``, before any of it is typed or put in quarantine.

    What the vault was given for them in this transaction goes with it; ``held_files`` names the files of such rows.
    """
    if not has_erased_accounts(connection, source_set, feed):
        return
    sources = [feed.columns[name].source for name in personal_columns(feed.contract) if name in feed.columns]
    names = [sql.Identifier(staged_name(feed, source)) for source in dict.fromkeys(filter(None, sources))]
    connection.execute("create temp table let_go (contact_hash text, _file bigint) on commit drop")
    connection.execute("create temp table if not exists held_files (_file bigint) on commit drop")
    owner = owner_of(feed.contract)
    mapped = feed.columns[owner].source if owner in feed.columns else None
    if mapped is not None:
        erased = sql.SQL(
            "btrim({}, E' \\t\\r\\n') in (select o.id from ({}) as o (source, id) where source = {})"
        ).format(
            sql.Identifier(staged_name(feed, mapped)),
            sql.SQL(ERASED_OWNERS[str(owner)]),
            sql.Literal(source_set.name),
        )
        _empty(connection, names, erased)
    else:
        for name in names:
            _empty(connection, [name], sql.SQL("{} in ({})").format(name, _erased_contacts()))
    connection.execute("insert into held_files select distinct _file from let_go")
    values = sql.SQL(", ").join(names)
    connection.execute(
        sql.SQL("delete from let_go where contact_hash in (select v from staged, unnest(array[{}]) as v)").format(
            values
        )
    )
    drop_contact_points(connection)
    connection.execute("drop table let_go")


def _erased_contacts() -> sql.Composable:
    """Keyed hashes that belong to erased people alone."""
    return sql.SQL(
        "select s.contact_hash from vault.suppressions as s where s.reason = {} and not exists"
        " (select from vault.identifiers as d where d.kind in ('phone', 'email', 'wechat')"
        " and d.identifier = s.contact_hash)"
    ).format(sql.Literal(ERASED))


def _empty(connection: psycopg.Connection, names: list[sql.Identifier], which: sql.Composable) -> None:
    """Null the columns in the staged rows that ``which`` picks; their values go to ``let_go``."""
    connection.execute(
        sql.SQL(
            "insert into let_go select regexp_replace(v, {invalid}, ''), _file from staged, unnest(array[{values}]) as v"
            " where {which} and v is not null"
        ).format(invalid=sql.Literal(f"^{INVALID}"), values=sql.SQL(", ").join(names), which=which)
    )
    nothing = sql.SQL(", ").join(sql.SQL("{} = null").format(name) for name in names)
    connection.execute(sql.SQL("update staged set {} where {}").format(nothing, which))


def drop_contact_points(connection: psycopg.Connection) -> int:
    """Delete from the vault what ``let_go`` names and no living account bears; how many there were."""
    connection.execute(
        """
        delete from let_go where contact_hash in (
            select v.contact_hash
            from raw.customers as c
            join vault.identities as i on i.source = c._source and i.customer_id = c.customer_id
            cross join lateral (values (c.phone), (c.email), (c.wechat), (c.name)) as v (contact_hash)
            where i.erased_on is null and v.contact_hash in (select contact_hash from let_go)
        )
        """
    )
    return connection.execute(
        "delete from vault.contact_points where contact_hash in (select contact_hash from let_go)"
    ).rowcount
