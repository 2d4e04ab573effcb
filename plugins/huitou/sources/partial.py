"""A file on its way into the landing folder: hashed as it is written, there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from huitou.errors import UserError


class Partial:
    """A file that is written and then kept under a name that its content gives it; left unkept, it is removed.

    Only its owner may read it. Raises ``UserError`` where the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f".{secrets.token_hex(6)}.part"
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Partial:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise self._refusal(error) from None
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)
        self._path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append ``data``, all of it."""
        self._digest.update(data)
        self.size += len(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            raise self._refusal(error) from None

    def keep(self, name: str) -> Path:
        """Where the file stands from now on, on disk for sure."""
        kept = self._folder / f"{self.sha256[:16]}-{name}"
        try:
            os.fsync(self._file)
            self._path.replace(kept)
        except OSError as error:
            raise self._refusal(error) from None
        return kept

    def _refusal(self, error: OSError) -> UserError:
        return UserError(f"Files cannot be landed in {self._folder}: {error.strerror or error}.")
