"""Sealing: what goes in comes out with the same key and in the same place, and in no other way."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.vault import Vault
from huitou.warehouse.vault_keys import KEY_BYTES


def vault_of(key: bytes = b"k" * KEY_BYTES) -> Vault:
    return Vault(Settings(vault_key=base64.b64encode(key).decode()))


WORDS = st.text(st.characters(exclude_categories=["Cs"]))


@given(WORDS)
def test_a_sealed_value_opens_to_itself(value: str) -> None:
    vault = vault_of()
    name = vault.hash("phone", value)
    sealed = vault.seal(name, value)
    assert vault.open(name, sealed) == value
    assert vault.seal(name, value) != sealed


@given(WORDS.filter(lambda value: len(value) > 3))
def test_neither_ciphertext_nor_name_shows_the_value(value: str) -> None:
    vault = vault_of()
    name = vault.hash("phone", value)
    assert value.encode() not in vault.seal(name, value)
    assert value not in name


@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES), WORDS)
def test_another_key_does_not_open_it_and_names_it_otherwise(key: bytes, value: str) -> None:
    vault, other = vault_of(), vault_of(key)
    assume(key != b"k" * KEY_BYTES)
    name = vault.hash("phone", value)
    with pytest.raises(UserError, match="HUITOU_VAULT_KEY"):
        other.open(name, vault.seal(name, value))
    assert other.hash("phone", value) != name
    assert other.key_id != vault.key_id


@given(st.data())
def test_a_sealed_value_does_not_open_when_one_bit_changed(data: st.DataObject) -> None:
    vault = vault_of()
    name = vault.hash("phone", "13800001111")
    sealed = bytearray(vault.seal(name, "13800001111"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(UserError):
        vault.open(name, bytes(sealed))


def test_a_sealed_value_does_not_open_when_it_was_moved_to_another_person() -> None:
    vault = vault_of()
    mine, yours = vault.hash("phone", "13800001111"), vault.hash("phone", "13900002222")
    with pytest.raises(UserError) as caught:
        vault.open(yours, vault.seal(mine, "13800001111"))
    assert "13800001111" not in str(caught.value)


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_a_cut_value_is_refused_with_a_message(cut: int) -> None:
    vault = vault_of()
    name = vault.hash("phone", "13800001111")
    with pytest.raises(UserError):
        vault.open(name, vault.seal(name, "13800001111")[:cut])


def test_names_are_stable_and_differ_by_kind() -> None:
    # Stored hashes must be found again by every later version.
    stored = "ae1cdfa15559e1ef259bbb528be27bf0843a2fcfb92dd3f03b5fa6bcce4656ba"
    assert vault_of().hash("phone", "13800001111") == stored
    assert vault_of().hash("phone", "1") != vault_of().hash("email", "1")


def test_secrets_differ_by_purpose_and_from_the_key() -> None:
    vault = vault_of()
    assert vault.secret("a") == vault_of().secret("a")
    assert len({vault.secret("a"), vault.secret("b"), (b"k" * KEY_BYTES).hex()}) == 3
    assert len(bytes.fromhex(vault.secret("a"))) == 32


@pytest.mark.parametrize("key", ["not base64!", "abc", "c2hvcnQ=", base64.b64encode(b"k" * 33).decode()])
def test_a_bad_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(UserError, match="HUITOU_VAULT_KEY must be the base64 of 32 bytes") as caught:
        Vault(Settings(vault_key=key))
    assert key not in str(caught.value)


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = {vault.key_id for vault in pool.map(Vault, [Settings(home=tmp_path)] * 8)}
    assert len(ids) == 1
    assert [p.name for p in (tmp_path / "keys").iterdir()] == ["vault.key"]
    assert stat.S_IMODE((tmp_path / "keys" / "vault.key").stat().st_mode) == 0o600
    assert len(base64.b64decode((tmp_path / "keys" / "vault.key").read_bytes())) == KEY_BYTES


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"\xff\xfe", b"abc"])
def test_a_damaged_key_file_is_told_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").mkdir()
    file = tmp_path / "keys" / "vault.key"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"vault\.key is damaged"):
        Vault(Settings(home=tmp_path))
    assert file.read_bytes() == content
