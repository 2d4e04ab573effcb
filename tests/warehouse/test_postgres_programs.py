"""Who runs PostgreSQL, and which folders that user may pass."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from huitou.errors import UserError
from huitou.warehouse import postgres_programs
from huitou.warehouse.postgres_programs import Account, account_for, programs

ME = Account(os.geteuid(), os.getegid())
SAME_GROUP = Account(65533, os.getegid())
STRANGER = Account(65533, 65533)
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="a plain user runs PostgreSQL as himself")


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder whose parents everybody may pass; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="ht-"))
    folder.chmod(0o711)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("account", "mode", "passes"),
    [
        (ME, 0o700, True),
        (ME, 0o077, False),
        (SAME_GROUP, 0o710, True),
        (SAME_GROUP, 0o701, False),
        (STRANGER, 0o711, True),
        (STRANGER, 0o755, True),
        (STRANGER, 0o754, False),
        (STRANGER, 0o770, False),
    ],
)
def test_a_user_passes_a_folder_by_the_bits_of_his_class(
    reachable: Path, account: Account, mode: int, passes: bool
) -> None:
    reachable.chmod(mode)
    assert account.enters(reachable) is passes


def test_one_closed_folder_on_the_way_is_enough_even_behind_a_link(reachable: Path) -> None:
    inner = reachable / "way" / "open"
    inner.mkdir(parents=True)
    (reachable / "link").symlink_to(inner)
    for mode, passes in ((0o711, True), (0o700, False)):
        (reachable / "way").chmod(mode)
        assert STRANGER.enters(reachable / "link") is passes


@only_root
def test_root_runs_it_as_the_user_behind_sudo_and_never_as_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = tmp_path / "data"
    somebody = next(entry for entry in pwd.getpwall() if entry.pw_name not in ("root", "postgres", "nobody"))
    monkeypatch.setenv("SUDO_UID", str(somebody.pw_uid))
    assert account_for(absent) == Account(somebody.pw_uid, somebody.pw_gid)
    for useless in ("0", "4294967000", "", "-1; id"):
        monkeypatch.setenv("SUDO_UID", useless)
        chosen = account_for(absent)
        assert chosen is not None
        assert pwd.getpwuid(chosen.uid).pw_name in ("postgres", "nobody")


@only_root
def test_the_owner_of_existing_data_is_kept_whoever_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 4242, 4243)
    monkeypatch.setenv("SUDO_UID", "65534")
    assert account_for(data) == Account(4242, 4243)


def test_data_of_another_user_is_refused_when_the_caller_is_not_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(postgres_programs.os, "geteuid", lambda: 4242)
    assert account_for(tmp_path / "absent") is None
    with pytest.raises(UserError, match=f"belongs to {owner}: run this as that user"):
        account_for(tmp_path)


def test_one_message_when_the_wheel_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(UserError, match=r"no embedded PostgreSQL.*HUITOU_WAREHOUSE_DSN"):
        programs(None, tmp_path)
