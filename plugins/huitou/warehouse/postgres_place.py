"""Where the embedded server keeps its files, and who may touch them."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huitou.errors import TransientError, UserError
from huitou.warehouse.postgres_programs import Account, account_for

# Used only where root works in a folder that the server's user may not enter.
OUTSIDE = (Path("/var/lib/huitou"), Path("/var/tmp/huitou"))  # noqa: S108 - made and checked below
OUTSIDE_NAME = re.compile(r"[0-9a-f]{16}")
LOCK_SECONDS = 180
FULL = (errno.ENOSPC, errno.EDQUOT)
UNUSABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.ENOENT)


class Place:
    """The folders of one home's server. Nothing is written before ``owned`` and ``prepare``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.pointer = home / "postgres" / "location"
        self.log = home / "logs" / "postgres.log"
        self.password = home / "keys" / "postgres.password"
        self.lock = home / "postgres.lock"

    @property
    def base(self) -> Path:
        """The folder that holds the data folder: in the home, or where ``location`` says."""
        if not self.pointer.exists():
            return self.pointer.parent
        base = Path(self.pointer.read_text(encoding="utf-8").strip())
        if base.parent not in OUTSIDE or not OUTSIDE_NAME.fullmatch(base.name):
            raise UserError(f"{self.pointer} is damaged: it does not name a folder of the embedded server.")
        return base

    @property
    def data(self) -> Path:
        return self.base / "data"

    def prepare(self) -> Account | None:
        """Make the folders, decide where the data goes, and return who runs the server."""
        inside = self.pointer.parent
        for folder, mode in ((inside, 0o711), (self.log.parent, 0o755), (self.password.parent, 0o700)):
            folder.mkdir(parents=True, exist_ok=True, mode=mode)
        if not self.base.exists():
            raise UserError(f"{self.base}, named by {self.pointer}, is gone: restore it, or remove both.")
        account = account_for(self.data)
        if account is None:
            return None
        inside.chmod(0o711)
        if not account.enters(self.base):
            if self.data.exists():
                raise UserError(
                    f"{self.base} can no longer be entered by the server's user: move the home back, "
                    "or let others pass through the folders above it (mode 711)."
                )
            self.pointer.write_text(f"{_outside(self.home)}\n", encoding="utf-8")
        return account

    def delete(self) -> None:
        """Remove every file of the server. It must be stopped, and this home ``owned``."""
        for folder in (self.base, self.pointer.parent):
            if folder.exists():
                shutil.rmtree(folder)
        for file in (self.log, Path(f"{self.log}.1"), self.password, self.lock):
            file.unlink(missing_ok=True)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the only one who starts, stops or removes this home's server."""
        self.home.mkdir(parents=True, exist_ok=True)
        descriptor = self._locked()
        try:
            yield
        finally:
            os.close(descriptor)

    def _locked(self) -> int:
        deadline = time.monotonic() + LOCK_SECONDS
        while time.monotonic() < deadline:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever removed the server took the file along; such a lock holds nobody off.
                if os.path.samestat(os.fstat(descriptor), self.lock.stat()):
                    return descriptor
            except BlockingIOError:
                time.sleep(0.02)
            except FileNotFoundError:
                pass
            os.close(descriptor)
        raise TransientError(f"Another process has held {self.lock} for {LOCK_SECONDS} s: does it hang?")


def _outside(home: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(home))).hexdigest()[:16]
    for parent in OUTSIDE:
        try:
            for folder in (parent, parent / name):
                folder.mkdir(mode=0o711, exist_ok=True)
                _refuse_foreign(folder)
        except OSError as error:
            if error.errno not in (errno.EROFS, errno.EACCES, errno.ENOENT):
                raise
            continue
        return parent / name
    raise UserError(
        f"The server's user may not enter {home}, and neither {OUTSIDE[0]} nor {OUTSIDE[1]} can be made: "
        "choose another HUITOU_HOME, or run Huitou as a plain user."
    )


def _refuse_foreign(folder: Path) -> None:
    """Where anybody may write, the name may have been taken by somebody else."""
    entry = folder.lstat()
    if not stat.S_ISDIR(entry.st_mode) or entry.st_uid != os.geteuid() or entry.st_mode & 0o022:
        raise UserError(f"{folder} is not a folder of root's alone: remove it and start again.")
    folder.chmod(0o711)


@contextmanager
def explained(home: Path) -> Iterator[None]:
    """Turn what the machine refuses into one message for the person who can change it."""
    try:
        yield
    except OSError as error:
        path = error.filename or home
        if error.errno in FULL:
            raise UserError(f"The disk is full at {path}: make room, then start again.") from None
        if error.errno in UNUSABLE:
            raise UserError(
                f"{path} cannot be used by this user ({error.strerror}): run as its owner, "
                "or choose another HUITOU_HOME."
            ) from None
        raise
