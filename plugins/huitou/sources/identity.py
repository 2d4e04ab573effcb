"""Identity: which accounts are one person, as far as was known when a business date closed.

An account has a key of its own from birth. Accounts are joined where they bear the same identifier: the source's own
word for the person, a WeChat id, or a phone or e-mail beside the same name. What is kept of an account follows from
``raw`` alone, so that any order of arrival ends the same; ``linking`` works out the persons.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.errors import UserError
from huitou.sources.contract import Contract
from huitou.sources.feeds import SourceSet
from huitou.sources.linking import link
from huitou.sources.raw_tables import table_of

ACCOUNT = "customer_id"
PERSON = "person_id"
IDENTIFIERS = ("phone", "email", "wechat")

# Whatever the verdict on a row: that the account exists is known from it, in any order of arrival.
SEEN = """
create temp table identity_seen on commit drop as
select customer_id, min(_day) as day from typed where customer_id is not null group by customer_id
"""
# A row that is locked by an upsert is written, even where nothing changes: so accounts that are known are left alone.
KNOWN_EARLIER = """
create temp table identity_start on commit drop as
with earlier as (
    update vault.identities as i set known_from = s.day from identity_seen as s
    where i.source = %(source)s and i.customer_id = s.customer_id and i.known_from > s.day
    returning i.customer_key
)
select distinct customer_key from earlier
"""
NEW_ACCOUNTS = """
insert into vault.identities (source, customer_id, customer_key, stated, known_from)
select %(source)s, s.customer_id, vault.customer_key(%(source)s, s.customer_id), false, s.day
from identity_seen as s
where not exists (select from vault.identities as i where i.source = %(source)s and i.customer_id = s.customer_id)
order by s.customer_id
on conflict do nothing
"""
STATED = """
update vault.identities as i set stated = true
from identity_now as n
where n.kind = 'person' and n.source = i.source and n.customer_id = i.customer_id and not i.stated
"""
SAME = """
    n.source = o.source and n.customer_id = o.customer_id and n.kind = o.kind and n.identifier = o.identifier
    and n.name_hash = o.name_hash and n.known_from = o.known_from
"""
CHANGES = f"""
create temp table identity_changes on commit drop as
with gone as (
    delete from vault.identifiers as o using identity_accounts as a
    where o.source = a.source and o.customer_id = a.customer_id
        and not exists (select from identity_now as n where {SAME})
    returning o.source, o.customer_id, o.kind, o.identifier
)
select * from gone
"""
# What CHANGES left of an account is as it should be, so a key that is there needs nothing.
ADDED = """
with added as (
    insert into vault.identifiers (source, customer_id, kind, identifier, name_hash, known_from)
    select source, customer_id, kind, identifier, name_hash, known_from from identity_now
    on conflict do nothing
    returning source, customer_id, kind, identifier
)
insert into identity_changes select * from added
"""
STARTS = """
insert into identity_start
select distinct i.customer_key
from identity_changes as c join vault.identities as i using (source, customer_id)
"""


def identify(connection: psycopg.Connection, source_set: SourceSet, contract: Contract) -> None:
    """Take note of the accounts in ``typed``, of what they bear, and of whom that makes them. Runs in a transaction.

    Costs what the night brought: only accounts that are new or changed are looked at, with those joined to them.
    """
    if ACCOUNT not in contract.columns:
        return
    # One at a time: two feeds that end together must not each miss what the other adds.
    connection.execute("select pg_advisory_xact_lock(hashtext('huitou.identity'))")
    # What a night touches is in memory after its first step; reading whole tables instead would cost by their size.
    connection.execute("set local random_page_cost = 1.1")
    values = {"source": source_set.name}
    connection.execute(SEEN)
    connection.execute("analyze identity_seen")
    connection.execute(KNOWN_EARLIER, values)
    connection.execute(NEW_ACCOUNTS, values)
    every_account = _rules_changed(connection, source_set)
    if contract.key == (ACCOUNT,):
        _take_identifiers(connection, source_set, contract, every_account)
    link(connection, source_set.identity, every_account)
    connection.execute("drop table identity_seen, identity_start")


def remember_forgotten(connection: psycopg.Connection, contract: Contract, files: list[int]) -> None:
    """Before rows of ``files`` leave raw: note whose they are, so that ``identify`` forgets what only they said."""
    if contract.key != (ACCOUNT,) or not files:
        return
    connection.execute(
        "create temp table if not exists identity_forgotten (source text, customer_id text) on commit drop"
    )
    connection.execute(
        sql.SQL("insert into identity_forgotten select _source, customer_id from {} where _file_id = any(%s)").format(
            table_of(contract)
        ),
        (files,),
    )


def _rules_changed(connection: psycopg.Connection, source_set: SourceSet) -> bool:
    """True where the persons were worked out by other limits, or never; the new ones are noted."""
    rules = source_set.identity
    noted = connection.execute(
        "insert into vault.identity_rules as r (sharing_limit, identifier_limit) values (%(s)s, %(i)s)"
        " on conflict (only_row) do update set sharing_limit = %(s)s, identifier_limit = %(i)s"
        " where (r.sharing_limit, r.identifier_limit) <> (%(s)s, %(i)s) returning 1",
        {"s": rules.sharing_limit, "i": rules.identifier_limit},
    )
    return noted.rowcount > 0


def _take_identifiers(
    connection: psycopg.Connection, source_set: SourceSet, contract: Contract, every_account: bool
) -> None:
    """Make ``vault.identifiers`` of the touched accounts what raw says they bear."""
    connection.execute(_touched(connection, contract, every_account), {"source": source_set.name})
    connection.execute("analyze identity_accounts")
    connection.execute(_borne(contract))
    connection.execute("analyze identity_now")
    for statement in (CHANGES, ADDED, STATED, STARTS):
        connection.execute(statement)
    connection.execute("drop table identity_accounts, identity_now")


def _touched(connection: psycopg.Connection, contract: Contract, every_account: bool) -> sql.Composed:
    accounts = sql.SQL("select %(source)s::text as source, customer_id from identity_seen").format()
    if every_account:
        # The only way to accounts that came before identifiers were kept.
        accounts += sql.SQL(" union select _source, customer_id from {}").format(table_of(contract))
    if connection.execute("select to_regclass('pg_temp.identity_forgotten')").fetchone() != (None,):
        accounts += sql.SQL(" union select source, customer_id from identity_forgotten")
    return sql.SQL("create temp table identity_accounts on commit drop as {}").format(accounts)


def _borne(contract: Contract) -> sql.Composed:
    """Every identifier of the touched accounts, over all their versions, with the name beside it."""
    columns = contract.columns
    nobody: sql.Composable = sql.SQL("null::text")
    named = [sql.Identifier("r", name) for name, column in columns.items() if column.type == "name"]
    beside = {"phone": named[0] if named else nobody, "email": named[0] if named else nobody, "wechat": nobody}
    borne = [
        (column.type, sql.Identifier("r", name), beside[column.type])
        for name, column in columns.items()
        if column.type in IDENTIFIERS
    ]
    rows = [sql.SQL("({}::text, {}, {})").format(sql.Literal(kind), value, name) for kind, value, name in borne]
    if PERSON in columns:
        rows.append(sql.SQL("('person', r._source || chr(31) || r.{}, null)").format(sql.Identifier(PERSON)))
    values = sql.SQL(", ").join(rows)
    return sql.SQL(
        """
        create temp table identity_now on commit drop as
        select r._source as source, r.customer_id, b.kind, b.identifier, coalesce(b.name_hash, '') as name_hash,
            min(r._business_date) as known_from
        from {table} as r
        join identity_accounts as a on a.source = r._source and a.customer_id = r.customer_id
        join vault.identities as i on i.source = r._source and i.customer_id = r.customer_id and i.erased_on is null
        cross join lateral (values {values}) as b (kind, identifier, name_hash)
        where b.identifier is not null
        group by 1, 2, 3, 4, 5
        """
    ).format(table=table_of(contract), values=values)


def customer_key_of(connection: psycopg.Connection, customer: str) -> str:
    """The key of the person known as ``customer``: a key they have or had, or a source's customer id.

    Raises ``UserError`` where nobody is, or several people are.
    """
    rows = connection.execute(
        "select distinct vault.current_key(customer_key) from vault.identities"
        " where customer_key = %(c)s or customer_id = %(c)s",
        {"c": customer},
    ).fetchall()
    if not rows:
        raise UserError(f"No customer is known as {customer!r}: give a customer key (c_…) or the shop's customer id.")
    if len(rows) > 1:
        raise UserError(f"{customer!r} is a customer id in several sources: give the customer key (c_…).")
    return str(rows[0][0])
