"""The keys of the vault: a ring of them, oldest first, from the setting or from files in the home folder.

The first key names contact points (their keyed hashes) and makes the other secrets; it stays for ever. The newest
seals; the others open what they sealed until everything is sealed anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from huitou.errors import UserError
from huitou.settings import Settings

KEY_BYTES = 32
FIRST_FILE = "vault.key"
LATER_FILE = re.compile(r"vault-(\d{4})-([0-9a-f]{12})\.key")


@dataclass(frozen=True)
class Key:
    """A master key; its id follows from it and tells nothing of it."""

    secret: bytes = field(repr=False)

    def subkey(self, purpose: str) -> bytes:
        return hmac.new(self.secret, f"huitou.{purpose}".encode(), hashlib.sha256).digest()

    @property
    def id(self) -> str:
        return hashlib.sha256(self.subkey("id")).hexdigest()[:12]

    @property
    def text(self) -> str:
        """The key as the setting takes it: ``id:base64``."""
        return f"{self.id}:{base64.b64encode(self.secret).decode()}"


def key_ring(settings: Settings) -> tuple[Key, ...]:
    """The keys of these settings, oldest first; the first key file is made where there is none.

    Raises ``UserError`` for a key that is malformed, misnamed, damaged or missing.
    """
    if settings.vault_key is not None:
        return _from_setting(settings.vault_key.get_secret_value())
    return _from_files(settings.home / "keys")


def fresh_key() -> Key:
    return Key(secrets.token_bytes(KEY_BYTES))


def add_key_file(settings: Settings) -> Key:
    """Make the next key file of this home. Raises ``UserError`` where the setting holds the keys."""
    if settings.vault_key is not None:
        raise UserError(
            "HUITOU_VAULT_KEY holds the keys, so a new one has to come from there: append what `huitou vault key` "
            "prints, after a comma, and run this again."
        )
    folder = settings.home / "keys"
    key = fresh_key()
    number = len(_from_files(folder)) + 1
    _write(folder / f"vault-{number:04}-{key.id}.key", key)
    return key


def _from_setting(text: str) -> tuple[Key, ...]:
    entries = [entry for entry in re.split(r"[\s,]+", text) if entry]
    keys = tuple(_entry(entry, place) for place, entry in enumerate(entries, start=1))
    if not keys or len({key.id for key in keys}) != len(keys):
        raise UserError(f"HUITOU_VAULT_KEY must be the base64 of {KEY_BYTES} bytes, or several such keys, each once.")
    return keys


def _entry(entry: str, place: int) -> Key:
    name, colon, text = entry.rpartition(":")
    secret = _decoded(text.encode())
    if secret is None:
        raise UserError(
            f"HUITOU_VAULT_KEY must be the base64 of {KEY_BYTES} bytes, or several such keys as id:base64, "
            f"separated by commas, the oldest first. Entry {place} is not."
        )
    key = Key(secret)
    if colon and name != key.id:
        raise UserError(
            f"HUITOU_VAULT_KEY: entry {place} is a key with the id {key.id}, but another id stands before it. "
            "Check which of the two is wrong."
        )
    return key


def _from_files(folder: Path) -> tuple[Key, ...]:
    later = sorted(path for path in folder.glob("vault-*.key") if LATER_FILE.fullmatch(path.name))
    first = folder / FIRST_FILE
    if later and not first.exists():
        raise UserError(
            f"{first} is missing, but newer keys are there: restore it from a copy. Without it nobody would be known "
            "again by their contact points, and no refusal would be found."
        )
    if not first.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(first, fresh_key())
    keys = [_read(first)]
    for path in later:
        key = _read(path)
        match = LATER_FILE.fullmatch(path.name)
        if match is None or match.group(2) != key.id:
            raise UserError(f"{path} holds the key {key.id}, which is not the one it is named after: restore both.")
        keys.append(key)
    return tuple(keys)


def _write(path: Path, key: Key) -> None:
    """Write a key once, for its owner alone; of two processes that start together one writes it."""
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key.secret))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _read(path: Path) -> Key:
    secret = _decoded(path.read_bytes())
    if secret is None:
        raise UserError(f"{path} is damaged: restore it from a copy, the vault cannot be opened without it.")
    return Key(secret)


def _decoded(text: bytes) -> bytes | None:
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return secret if len(secret) == KEY_BYTES else None
