"""The ring of keys: what is accepted, what is refused with a clear word, and rotation that loses nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse import rotation
from huitou.warehouse.rotation import rotate, vault_status
from huitou.warehouse.vault import Vault
from huitou.warehouse.vault_keys import Key, add_key_file, fresh_key, key_ring

A, B, C = (Key(letter * 32) for letter in (b"a", b"b", b"c"))


def ring(*keys: Key, form: str = "{}") -> Settings:
    return Settings(vault_key=",".join(form.format(key.text) for key in keys))


def test_a_single_value_of_today_goes_on_working() -> None:
    bare = A.text.partition(":")[2]
    assert [key.id for key in key_ring(Settings(vault_key=bare))] == [A.id]
    assert [key.id for key in key_ring(Settings(vault_key=f"{bare}, {B.text}\n{C.text}"))] == [A.id, B.id, C.id]


def test_the_first_key_names_and_the_newest_seals() -> None:
    old, both = Vault(ring(A)), Vault(ring(A, B))
    assert both.hash("phone", "1") == old.hash("phone", "1")
    assert both.secret("holdout") == old.secret("holdout")
    assert both.key_id == B.id
    name = old.hash("phone", "1")
    assert both.open(name, old.seal(name, "1")) == both.open(name, both.seal(name, "1")) == "1"
    with pytest.raises(UserError, match=f"keys here \\({A.id}\\).*HUITOU_VAULT_KEY"):
        old.open(name, both.seal(name, "1"))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (f"{A.text},short", "Entry 2 is not"),
        (f"{A.text},{B.id}:short", "Entry 2 is not"),
        (f"{B.id}:{A.text.partition(':')[2]}", f"entry 1 is a key with the id {A.id}"),
        (f"{A.text},{A.text}", "each once"),
        (",", "base64 of 32 bytes"),
    ],
)
def test_a_wrong_ring_is_refused_and_no_key_is_shown(value: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as caught:
        key_ring(Settings(vault_key=value))
    for key in (A, B):
        assert key.text.partition(":")[2] not in str(caught.value)
    assert "secret" not in repr(A)


def test_key_files_are_private_numbered_and_named(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    first = key_ring(home)[0]
    second, third = add_key_file(home), add_key_file(home)
    assert [key.id for key in key_ring(home)] == [first.id, second.id, third.id]
    files = sorted(path.name for path in (tmp_path / "keys").iterdir())
    assert files == [f"vault-0002-{second.id}.key", f"vault-0003-{third.id}.key", "vault.key"]
    assert {stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) for name in files} == {0o600}


def test_a_missing_first_key_is_never_made_anew(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    key_ring(home)
    add_key_file(home)
    (tmp_path / "keys" / "vault.key").unlink()
    with pytest.raises(UserError, match=r"vault\.key is missing"):
        Vault(home)
    assert not (tmp_path / "keys" / "vault.key").exists()


def test_a_swapped_key_file_is_told(tmp_path: Path) -> None:
    home = Settings(home=tmp_path)
    key_ring(home)
    second = add_key_file(home)
    (tmp_path / "keys" / f"vault-0002-{second.id}.key").write_bytes((tmp_path / "keys" / "vault.key").read_bytes())
    with pytest.raises(UserError, match="not the one it is named after"):
        key_ring(home)


def put(connection: psycopg.Connection, vault: Vault, *values: str) -> None:
    for value in values:
        name = vault.hash("phone", value)
        connection.execute(
            "insert into vault.contact_points values (%s, 'phone', %s, %s) on conflict do nothing",
            (name, vault.key_id, vault.seal(name, value)),
        )


def opened(connection: psycopg.Connection, vault: Vault) -> set[str]:
    rows = connection.execute("select contact_hash, sealed from vault.contact_points").fetchall()
    return {vault.open(name, sealed) for name, sealed in rows}


@pytest.mark.integration
def test_rotation_goes_on_where_it_was_broken_off(
    warehouse: Settings, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {f"+8613900{n:06}" for n in range(25)}
    put(connection, Vault(warehouse), *values)
    old = Vault(warehouse).key_id
    monkeypatch.setattr(rotation, "BATCH", 10)
    real, turns = rotation._reseal, iter([True, True, False])

    def dying(session: psycopg.Connection, vault: Vault) -> int:
        if not next(turns):
            raise KeyboardInterrupt
        return real(session, vault)

    monkeypatch.setattr(rotation, "_reseal", dying)
    with pytest.raises(KeyboardInterrupt):
        rotate(warehouse)
    assert opened(connection, Vault(warehouse)) == values
    monkeypatch.setattr(rotation, "_reseal", real)
    again = rotate(warehouse)
    assert (again.made, again.resealed) == (False, 5)
    assert [(s.key_id, s.names, s.seals, s.contact_points) for s in vault_status(warehouse)] == [
        (old, True, False, 0),
        (again.key_id, False, True, 25),
    ]
    assert rotate(warehouse).made
    assert opened(connection, Vault(warehouse)) == values


@pytest.mark.integration
def test_rotation_changes_nothing_when_a_key_is_not_here(warehouse: Settings, connection: psycopg.Connection) -> None:
    put(connection, Vault(ring(A, B)), "1")
    connection.execute("insert into vault.naming_key (key_id) values (%s)", (A.id,))
    lost = warehouse.model_copy(update={"vault_key": ring(A, C).vault_key})
    before = connection.execute("select * from vault.contact_points").fetchall()
    with pytest.raises(UserError, match=f"1 contact points are sealed with the key {B.id}, which is not here"):
        rotate(lost)
    assert connection.execute("select * from vault.contact_points").fetchall() == before
    assert [(s.key_id, s.here) for s in vault_status(lost)] == [(A.id, True), (C.id, True), (B.id, False)]


@pytest.mark.integration
def test_a_ring_in_the_setting_is_lengthened_by_its_owner(warehouse: Settings, connection: psycopg.Connection) -> None:
    one = warehouse.model_copy(update={"vault_key": ring(A).vault_key})
    put(connection, Vault(one), "1")
    with pytest.raises(UserError, match="append what `huitou vault key` prints"):
        rotate(one)
    both = warehouse.model_copy(update={"vault_key": ring(A, fresh_key()).vault_key})
    assert rotate(both).resealed == 1


@pytest.mark.integration
def test_another_first_key_is_refused_where_people_are_named(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    put(connection, Vault(warehouse), "1")
    Vault.for_warehouse(warehouse, connection)
    other = warehouse.model_copy(update={"vault_key": ring(B, A).vault_key})
    with pytest.raises(UserError, match=f"but the first key here is {B.id}"):
        Vault.for_warehouse(other, connection)


class Rotations(RuleBasedStateMachine):
    """Old and new processes seal while keys are added and rotations run; a dictionary is the oracle."""

    warehouse: Settings
    connection: psycopg.Connection
    vaults = Bundle("vaults")

    @initialize(target=vaults)
    def start(self) -> Vault:
        self.connection.execute("truncate vault.contact_points, vault.naming_key")
        self.keys = [A]
        self.values: set[str] = set()
        return Vault.for_warehouse(self.settings, self.connection)

    @property
    def settings(self) -> Settings:
        return self.warehouse.model_copy(update={"vault_key": ring(*self.keys).vault_key})

    @rule(target=vaults)
    def add_key(self) -> Vault:
        self.keys.append(Key(bytes([len(self.keys)]) * 32))
        return Vault(self.settings)

    @rule(vault=vaults, value=st.sampled_from("abcdef"))
    def seal(self, vault: Vault, value: str) -> None:
        put(self.connection, vault, value)
        self.values.add(value)

    @rule()
    def rotate(self) -> None:
        try:
            rotate(self.settings)
        except UserError:
            # Nothing was left to do, and the setting holds the keys.
            assert len(vault_status(self.settings)) == len(self.keys)
        counts = {s.key_id: s.contact_points for s in vault_status(self.settings)}
        assert counts[self.keys[-1].id] == len(self.values) == sum(counts.values())

    @invariant()
    def everything_opens(self) -> None:
        if hasattr(self, "keys"):
            assert opened(self.connection, Vault(self.settings)) == self.values


@pytest.mark.integration
def test_any_order_of_sealing_and_rotating_keeps_every_contact_point(
    warehouse: Settings, connection: psycopg.Connection
) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("Machine", (Rotations,), {"warehouse": warehouse, "connection": connection})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=12, suppress_health_check=list(HealthCheck)),
    )


@given(st.binary(min_size=32, max_size=32))
def test_a_key_reads_back_from_its_text(secret: bytes) -> None:
    assert key_ring(Settings(vault_key=Key(secret).text)) == (Key(secret),)
