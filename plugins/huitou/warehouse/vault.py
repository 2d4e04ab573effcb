"""Sealing of contact points: the key stays outside the database, which keeps ciphertext and keyed hashes.

AES-256-GCM with the keyed hash as associated data, so that a sealed value cannot be moved to another row.
The hash is HMAC-SHA-256: an 11-digit phone number is enumerable, a plain hash of it would be no protection.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from huitou.errors import UserError
from huitou.settings import Settings

KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Seals, opens and names contact points with the key of these settings."""

    def __init__(self, settings: Settings) -> None:
        master = _master_key(settings)
        self._master = master
        self._cipher = AESGCM(self._subkey("seal"))
        self._hash_key = self._subkey("hash")
        self.key_id = hashlib.sha256(self._subkey("id")).hexdigest()[:12]

    def _subkey(self, purpose: str) -> bytes:
        return hmac.new(self._master, f"huitou.{purpose}".encode(), hashlib.sha256).digest()

    def secret(self, purpose: str) -> str:
        """A secret of its own for ``purpose``, 64 hexadecimal characters, the same for the same key."""
        return self._subkey(f"secret.{purpose}").hex()

    def hash(self, kind: str, value: str) -> str:
        """The keyed hash by which a contact point is known outside the vault."""
        return hmac.new(self._hash_key, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()

    def seal(self, contact_hash: str, value: str) -> bytes:
        """Ciphertext of ``value``, bound to its hash."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), contact_hash.encode())

    def open(self, contact_hash: str, sealed: bytes) -> str:
        """The value. Raises ``UserError`` where the key is not the one that sealed it."""
        try:
            plain = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], contact_hash.encode())
        except (InvalidTag, ValueError):
            raise UserError(
                "The vault cannot be opened with this key: set HUITOU_VAULT_KEY to the key that sealed it."
            ) from None
        return plain.decode()


def _master_key(settings: Settings) -> bytes:
    if settings.vault_key is not None:
        try:
            key = base64.b64decode(settings.vault_key.get_secret_value(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise UserError(f"HUITOU_VAULT_KEY must be the base64 of {KEY_BYTES} bytes.")
        return key
    return _key_file(settings.home / "keys" / "vault.key")


def _key_file(path: Path) -> bytes:
    """The key of this home, made once; two processes that start together end with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    try:
        key = base64.b64decode(path.read_bytes(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise UserError(f"{path} is damaged: restore it from a copy, the vault cannot be opened without it.")
    return key
