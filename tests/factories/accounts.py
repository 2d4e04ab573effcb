"""Accounts with what they bear, put where ingest leaves them, and an oracle of whose they are."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from huitou.sources.contract import contracts
from huitou.sources.feeds import IdentityRules, SourceSet
from huitou.sources.identity import identify

FIRST = date(2026, 1, 1)
TABLES = "raw.customers, vault.identities, vault.identifiers, vault.person_keys, vault.identity_rules"


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@dataclass(frozen=True)
class Row:
    """What one night says of an account; contact points stand as their hashes."""

    day: int
    account: str
    person: str | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    wechat: str | None = None


def key_of(account: str, source: str = "shop") -> str:
    return "c_" + hashlib.sha256(f"{source}\x1f{account}".encode()).hexdigest()[:24]


def source_set(rules: IdentityRules | None = None, name: str = "shop") -> SourceSet:
    return SourceSet(
        name=name,
        root="/",
        time_zone="Asia/Shanghai",
        base_currency="CNY",
        country="CN",
        identity=rules or IdentityRules(),
    )


def clear(connection: psycopg.Connection) -> None:
    connection.execute(f"truncate {TABLES}")


def take_in(connection: psycopg.Connection, shop: SourceSet, rows: Iterable[Row], feed: str = "customers") -> None:
    """One batch, as the last steps of ingest see it."""
    with connection.transaction():
        connection.execute("create temp table typed (customer_id text, _day date) on commit drop")
        with connection.cursor() as cursor:
            for row in rows:
                cursor.execute("insert into typed values (%s, %s)", (row.account, day(row.day)))
                if feed == "customers":
                    cursor.execute(
                        "insert into raw.customers (customer_id, person_id, name, phone, email, wechat, _source,"
                        " _version, _business_date, _file_id, _line) values (%s, %s, %s, %s, %s, %s, %s,"
                        " clock_timestamp(), %s, 0, 0)",
                        (row.account, row.person, row.name, row.phone, row.email, row.wechat, shop.name, day(row.day)),
                    )
        identify(connection, shop, contracts()[feed])


def persons(connection: psycopg.Connection, on: int) -> dict[str, str]:
    """Key of the person by account, as known on a day."""
    rows = connection.execute(
        "select a.customer_id, a.customer_key from vault.accounts_as_of(%(d)s) as a"
        " join vault.identities as i using (source, customer_id) where i.known_from <= %(d)s",
        {"d": day(on)},
    )
    return dict(rows.fetchall())


class Oracle:
    """Whose the accounts are, by union-find over the rows known on a day; shares no code with the platform."""

    def __init__(self, rows: list[Row], rules: IdentityRules, on: int) -> None:
        self._rows = [row for row in rows if row.day <= on]
        self._rules = rules
        born: dict[str, int] = {}
        for row in rows:
            born[row.account] = min(born.get(row.account, row.day), row.day)
        self._age = {account: (day_, key_of(account)) for account, day_ in born.items()}
        self.accounts = sorted({row.account for row in self._rows})

    def persons(self) -> dict[str, str]:
        sure, weak = self._sure_links(), self._weak_links()
        together = self._components(sure + weak)
        for members in self._by_root(together).values():
            if self._identifiers(members) > self._rules.identifier_limit:
                inside = [pair for pair in sure if pair[0] in members]
                apart = self._components(inside)
                together |= {account: apart[account] for account in members}
        oldest = {
            root: min(self._age[member] for member in members)[1] for root, members in self._by_root(together).items()
        }
        return {account: oldest[root] for account, root in together.items()}

    def _bearers(self, kind: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for row in self._rows:
            if value := getattr(row, kind):
                found[value].add(row.account)
        return found

    def _sure_links(self) -> list[tuple[str, str]]:
        links = [pair for accounts in self._bearers("person").values() for pair in _chain(accounts)]
        for accounts in self._bearers("wechat").values():
            if len(accounts) <= self._rules.sharing_limit:
                links += _chain(accounts)
        return links

    def _weak_links(self) -> list[tuple[str, str]]:
        links = []
        for kind in ("phone", "email"):
            for value, accounts in self._bearers(kind).items():
                if len(accounts) > self._rules.sharing_limit:
                    continue
                named: dict[str, set[str]] = defaultdict(set)
                for row in self._rows:
                    if getattr(row, kind) == value and row.name:
                        named[row.name].add(row.account)
                for same in named.values():
                    links += _chain(same)
                if len(named) < 2:
                    links += _chain(accounts)
        return links

    def _components(self, links: list[tuple[str, str]]) -> dict[str, str]:
        parent = {account: account for account in self.accounts}

        def root(account: str) -> str:
            while parent[account] != account:
                account = parent[account]
            return account

        for one, other in links:
            parent[root(one)] = root(other)
        return {account: root(account) for account in self.accounts}

    @staticmethod
    def _by_root(together: dict[str, str]) -> dict[str, set[str]]:
        members: dict[str, set[str]] = defaultdict(set)
        for account, root in together.items():
            members[root].add(account)
        return members

    def _identifiers(self, members: set[str]) -> int:
        return len(
            {
                (kind, getattr(row, kind))
                for row in self._rows
                for kind in ("person", "phone", "email", "wechat")
                if row.account in members and getattr(row, kind)
            }
        )


def pairs(together: dict[str, str]) -> int:
    """How many pairs of accounts are one person's."""
    return sum(n * (n - 1) // 2 for n in Counter(together.values()).values())


def _chain(accounts: set[str]) -> list[tuple[str, str]]:
    ordered = sorted(accounts)
    return list(itertools.pairwise(ordered))
