"""What an extraction writes: a partial file that only its owner may read, and then a landed file named by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

from huitou.errors import UserError
from huitou.sources.files import LandedFile, SourceFile


def partial_path(folder: Path, file: SourceFile) -> Path:
    """Where ``file`` is written until it is whole: the same place each time, so nothing is left behind for long."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror or error}.") from None
    return folder / f".{file.name}.part"


def open_private(path: Path, mode: str = "wb") -> IO[bytes]:
    """Open ``path`` for writing (``wb`` empties it, ``r+b`` keeps it); a new file belongs to its owner alone."""
    fresh = os.O_TRUNC if mode == "wb" else 0
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | fresh, 0o600), mode)


def keep(path: Path, file: SourceFile, folder: Path) -> LandedFile:
    """Name the whole file at ``path`` by its content and put it into ``folder``."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        size = os.fstat(stream.fileno()).st_size
        os.fsync(stream.fileno())
    landed = folder / f"{digest[:16]}-{file.name}"
    path.replace(landed)
    return LandedFile(file, landed, digest, size)
