"""Personal data leaves the rows before they reach the database.

A contact point becomes its keyed hash in the row and ciphertext for the vault; free text loses the phone numbers
and addresses that people write into it. Work is done once a distinct value, not once a row.
"""

from __future__ import annotations

import re
from dataclasses import replace

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from huitou.sources.contract import CONTACT_TYPES
from huitou.sources.feeds import Feed
from huitou.sources.readers import BadRow, TextBatch
from huitou.warehouse.vault import Vault

INVALID = "invalid:"
ROW_KIND = "row"
PHONE_PATTERN = r"\+?\b(?:\d[ -]?){10,14}\d\b"
EMAIL_PATTERN = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_EMAIL = re.compile(rf"^{EMAIL_PATTERN}$")
# What WeChat gives an account: a UnionID or OpenID, or an id that its owner chose.
_WECHAT = re.compile(r"^[A-Za-z0-9_-]{6,64}$")
_CN_MOBILE = re.compile(r"^(?:\+?86)?(1[3-9]\d{9})$")

Sealed = tuple[str, str, str, bytes]


class Sealer:
    """Replaces personal values in batches of one feed, and collects what the vault must keep.

    ``sealed`` holds (contact hash, kind, key id, ciphertext), one entry a distinct value.
    """

    def __init__(self, vault: Vault, feed: Feed, country: str) -> None:
        self._vault = vault
        self._country = country
        columns = feed.contract.columns
        mapped = [(c.source, columns[name].type) for name, c in feed.columns.items() if c.source]
        self._contacts = {source: kind for source, kind in mapped if kind in CONTACT_TYPES}
        self._texts = [source for source, kind in mapped if kind == "free_text"]
        self.sealed: dict[str, Sealed] = {}

    def apply(self, batch: TextBatch) -> TextBatch:
        """The batch with hashes for contact points and masks in free text."""
        columns = dict(batch.columns)
        for source, kind in self._contacts.items():
            if source in columns:
                columns[source] = self._hash_column(columns[source], kind)
        for source in self._texts:
            if source in columns:
                columns[source] = mask(columns[source])
        return replace(batch, columns=columns)

    def row_reference(self, bad: BadRow) -> str:
        """The hash by which the vault keeps a row whose columns could not be told apart."""
        return self._keep(ROW_KIND, bad.text)

    def _hash_column(self, values: pa.Array, kind: str) -> pa.Array:
        encoded = values.dictionary_encode()
        hashes = [self._hash_value(kind, text) for text in encoded.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(hashes, pa.string())).cast(pa.string())

    def _hash_value(self, kind: str, text: str) -> str | None:
        if not text.strip():
            return None
        normal = normalized(kind, text.strip(), self._country)
        if normal is None:
            return INVALID + self._keep(f"{kind}_as_sent", text)
        return self._keep(kind, normal)

    def _keep(self, kind: str, value: str) -> str:
        name = self._vault.hash(kind, value)
        if name not in self.sealed:
            self.sealed[name] = (name, kind, self._vault.key_id, self._vault.seal(name, value))
        return name


def normalized(kind: str, text: str, country: str) -> str | None:
    """The one form of a contact point (E.164, lower-case e-mail, WeChat id), or None where it is not one."""
    if kind == "phone":
        return _phone(text, country)
    if kind == "email":
        return text.lower() if _EMAIL.match(text) else None
    if kind == "wechat":
        return text if _WECHAT.match(text) else None
    return " ".join(text.split())


def _phone(text: str, country: str) -> str | None:
    if country == "CN" and (mobile := _CN_MOBILE.match(text)):
        return f"+86{mobile.group(1)}"
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def mask(values: pa.Array) -> pa.Array:
    """Text without phone numbers and e-mail addresses."""
    without = pc.replace_substring_regex(values, pattern=EMAIL_PATTERN, replacement="[e-mail]")
    return pc.replace_substring_regex(without, pattern=PHONE_PATTERN, replacement="[phone]")
