"""Rotation of the key that seals: a new key, and every contact point sealed anew, batch by batch.

A rotation that was broken off goes on where it stopped. Hashes do not change, so nothing else has to.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.migrate import one_at_a_time
from huitou.warehouse.vault import Vault
from huitou.warehouse.vault_keys import add_key_file

BATCH = 5_000


@dataclass(frozen=True)
class KeyStatus:
    """One key: what it does, how many contact points it sealed, and whether it is here."""

    key_id: str
    names: bool
    seals: bool
    here: bool
    contact_points: int


@dataclass(frozen=True)
class Rotated:
    """``made``: a new key was made for it; ``resealed``: contact points that it now seals."""

    key_id: str
    made: bool
    resealed: int


def vault_status(settings: Settings) -> list[KeyStatus]:
    """The keys that are here and those that the vault was sealed with, the naming one first."""
    vault = Vault(settings)
    with connect(settings) as connection:
        counts = _counts(connection)
        row = connection.execute("select key_id from vault.naming_key").fetchone()
    naming = row[0] if row else vault.key_ids[0]
    ids = list(dict.fromkeys([naming, *vault.key_ids, *sorted(counts)]))
    return [KeyStatus(key, key == naming, key == vault.key_id, key in vault.key_ids, counts.get(key, 0)) for key in ids]


def rotate(settings: Settings) -> Rotated:
    """Seal everything with the newest key; where all of it is already, with one that is made first.

    Raises ``UserError`` where a key that sealed something is not here, before anything is changed.
    """
    with connect(settings) as connection, one_at_a_time(connection, "huitou.vault"):
        vault = Vault.for_warehouse(settings, connection)
        counts = _counts(connection)
        missing = sorted(set(counts) - set(vault.key_ids))
        if missing:
            raise UserError(
                f"{counts[missing[0]]} contact points are sealed with the key {missing[0]}, which is not here: "
                "bring it back first (HUITOU_VAULT_KEY or the keys folder)."
            )
        made = set(counts) <= {vault.key_id}
        if made:
            add_key_file(settings)
            vault = Vault(settings)
        resealed = 0
        while count := _reseal(connection, vault):
            resealed += count
    return Rotated(vault.key_id, made, resealed)


def _counts(connection: psycopg.Connection) -> dict[str, int]:
    return dict(connection.execute("select key_id, count(*) from vault.contact_points group by key_id").fetchall())


def _reseal(connection: psycopg.Connection, vault: Vault) -> int:
    with connection.transaction():
        rows = connection.execute(
            "select contact_hash, sealed from vault.contact_points where key_id <> %s limit %s for update",
            (vault.key_id, BATCH),
        ).fetchall()
        fresh = [vault.seal(name, vault.open(name, sealed)) for name, sealed in rows]
        connection.execute(
            "update vault.contact_points as p set sealed = n.sealed, key_id = %s"
            " from unnest(%s::text[], %s::bytea[]) as n (contact_hash, sealed) where p.contact_hash = n.contact_hash",
            (vault.key_id, [name for name, _ in rows], fresh),
        )
    return len(rows)
