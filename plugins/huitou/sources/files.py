"""The `files` connector: finds the files of a night and lands them as sent.

A dated path (``{business_date}`` in it) yields every file up to the night, so that a file that came late is taken
by the next night; a path without a date is one file that is read again each night.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

import fsspec

from huitou.errors import TransientError, UserError
from huitou.sources.feeds import DATE_MARK, Feed, SourceSet

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A file at its source; ``name`` is its path below the root.

    ``stamp`` changes when the file does, as far as its store can tell.
    """

    url: str
    name: str
    business_date: date
    stamp: str


@dataclass(frozen=True)
class LandedFile:
    """A file as sent, in the landing folder, named by its content."""

    origin: SourceFile
    path: Path
    sha256: str
    bytes: int


def find_files(source_set: SourceSet, feed: Feed, night: date) -> list[SourceFile]:
    """The feed's files up to ``night``, oldest first.

    Raises ``UserError`` where the root is missing, ``TransientError`` where the night's own file is not there yet.
    """
    store, root = fsspec.core.url_to_fs(source_set.root)
    if not store.exists(root):
        raise UserError(
            f"{source_set.root} does not exist: it is the root of source {source_set.name}. "
            "Put the files there, or set HUITOU_SOURCE_ROOT."
        )
    pattern = str(PurePosixPath(root) / feed.files.path)
    find = _dated if feed.files.is_dated else _undated
    found = find(store, root, pattern, night)
    if not feed.files.optional and not any(file.business_date == night for file in found):
        wanted = feed.files.path.replace(DATE_MARK, night.isoformat())
        newest = f" The newest there is of {found[-1].business_date}." if found else " There is none of any date."
        raise TransientError(f"{feed.feed}: no file for {night}: looked for {wanted} under {source_set.root}.{newest}")
    return found


def _dated(store: fsspec.AbstractFileSystem, root: str, pattern: str, night: date) -> list[SourceFile]:
    parts = [re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split(DATE_MARK)]
    matcher = re.compile(r"(\d{4}-\d{2}-\d{2})".join(parts[:2]) + "".join(rf"\1{part}" for part in parts[2:]))
    files = []
    for path, info in store.glob(pattern.replace(DATE_MARK, "????-??-??"), detail=True).items():
        match = matcher.fullmatch(path)
        day = _date_or_none(match.group(1)) if match else None
        if day is not None and day <= night and info["type"] == "file":
            files.append(SourceFile(path, path.removeprefix(f"{root}/"), day, _stamp(info)))
    return sorted(files, key=lambda file: (file.business_date, file.url))


def _undated(store: fsspec.AbstractFileSystem, root: str, pattern: str, night: date) -> list[SourceFile]:
    found = store.glob(pattern, detail=True) if "*" in pattern else _single(store, pattern)
    return [
        SourceFile(path, path.removeprefix(f"{root}/"), night, _stamp(info))
        for path, info in sorted(found.items())
        if info["type"] == "file"
    ]


def _single(store: fsspec.AbstractFileSystem, path: str) -> dict[str, dict[str, object]]:
    return {path: store.info(path)} if store.exists(path) else {}


def _stamp(info: dict[str, object]) -> str:
    keys = ("size", "mtime", "ETag", "etag", "LastModified", "ino")
    return "|".join(f"{key}={info[key]}" for key in keys if key in info)


def _date_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def land(source_set: SourceSet, file: SourceFile, folder: Path) -> LandedFile:
    """Copy the file as sent into ``folder``, named by its content; only its owner may read it."""
    store, _ = fsspec.core.url_to_fs(source_set.root)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = folder / f".{secrets.token_hex(6)}.part"
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as target, store.open(file.url, "rb") as origin:
                while chunk := origin.read(CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
                target.flush()
                os.fsync(target.fileno())
            landed = folder / f"{digest.hexdigest()[:16]}-{PurePosixPath(file.name).name}"
            partial.replace(landed)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{file.url} could not be landed in {folder}: {error.strerror or error}.") from None
    return LandedFile(file, landed, digest.hexdigest(), size)
