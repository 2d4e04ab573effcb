"""Sealing of contact points: the keys stay outside the database, which keeps ciphertext and keyed hashes.

AES-256-GCM with the keyed hash as associated data, so that a sealed value cannot be moved to another row.
The hash is HMAC-SHA-256: an 11-digit phone number is enumerable, a plain hash of it would be no protection.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.vault_keys import key_ring

NONCE_BYTES = 12


class Vault:
    """Seals, opens and names contact points with the keys of these settings."""

    def __init__(self, settings: Settings) -> None:
        ring = key_ring(settings)
        self._first = ring[0]
        self._hash_key = ring[0].subkey("hash")
        # The newest first: it sealed most.
        self._ciphers = {key.id: AESGCM(key.subkey("seal")) for key in reversed(ring)}
        self._cipher = self._ciphers[ring[-1].id]
        self.key_id = ring[-1].id
        self.key_ids = tuple(key.id for key in ring)

    @classmethod
    def for_warehouse(cls, settings: Settings, connection: psycopg.Connection) -> Vault:
        """The vault of these settings, once it is sure that this warehouse was named by its first key.

        Raises ``UserError`` where it was not: people would be taken for strangers, and refusals would not be found.
        """
        vault = cls(settings)
        naming = vault.key_ids[0]
        noted = "select key_id from vault.naming_key"
        row = connection.execute(noted).fetchone()
        if row is None:
            # Before there were several keys, the one that sealed had named as well.
            connection.execute(
                "insert into vault.naming_key (key_id)"
                " select coalesce((select p.key_id from vault.contact_points as p order by p.key_id limit 1), %s)"
                " on conflict do nothing",
                (naming,),
            )
            row = connection.execute(noted).fetchone()
        if row is not None and row[0] != naming:
            raise UserError(
                f"This warehouse was named by the vault key {row[0]}, but the first key here is {naming}. "
                f"Put {row[0]} first in HUITOU_VAULT_KEY, or restore its file under {settings.home / 'keys'}."
            )
        return vault

    def secret(self, purpose: str) -> str:
        """A secret of its own for ``purpose``, 64 hexadecimal characters, the same for the same first key."""
        return self._first.subkey(f"secret.{purpose}").hex()

    def hash(self, kind: str, value: str) -> str:
        """The keyed hash by which a contact point is known outside the vault."""
        return hmac.new(self._hash_key, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()

    def seal(self, contact_hash: str, value: str) -> bytes:
        """Ciphertext of ``value`` under the newest key, bound to its hash."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), contact_hash.encode())

    def open(self, contact_hash: str, sealed: bytes) -> str:
        """The value. Raises ``UserError`` where none of the keys is the one that sealed it."""
        for cipher in self._ciphers.values():
            try:
                plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], contact_hash.encode())
            except (InvalidTag, ValueError):
                continue
            return plain.decode()
        raise UserError(
            f"The vault cannot be opened with the keys here ({', '.join(self.key_ids)}): add the one that sealed it to "
            "HUITOU_VAULT_KEY, or its file to the keys folder. `huitou vault status` says which one that is."
        )
