"""The `files` connector: finds the files of a night and lands them as sent.

A dated path (``{business_date}`` in it) yields every file up to the night, so that a file that came late is taken
by the next night; a path without a date is one file that is read again each night. A file that changes while it is
taken, or is not what its control file says, is refused for now.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources.control import Control, read_control
from huitou.sources.feeds import Feed, SourceSet
from huitou.sources.file_spec import DATE_MARK
from huitou.sources.partial import Partial
from huitou.sources.stores import opened

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
    """A file as sent, in the landing folder, named by its content.

    ``said`` is what its source says that it holds.
    """

    origin: SourceFile
    path: Path
    sha256: str
    bytes: int
    said: Control = field(default_factory=Control)


def find(settings: Settings, source_set: SourceSet, feed: Feed, night: date) -> list[SourceFile]:
    """The feed's files up to ``night``, oldest first.

    Raises ``UserError`` where the root is missing, ``TransientError`` where the night's own file is not there yet.
    """
    with opened(source_set.root) as (store, root):
        if not store.exists(root):
            raise UserError(
                f"{source_set.root} does not exist: it is the root of source {source_set.name}. "
                "Put the files there, or set HUITOU_SOURCE_ROOT."
            )
        pattern = str(PurePosixPath(root) / feed.files.path)
        search = _dated if feed.files.is_dated else _undated
        found = search(store, root, pattern, night)
    _refuse_names_that_are_no_text(found)
    if not feed.files.optional and not any(file.business_date == night for file in found):
        wanted = feed.files.path.replace(DATE_MARK, night.isoformat())
        newest = f" The newest there is of {found[-1].business_date}." if found else " There is none of any date."
        raise TransientError(f"{feed.feed}: no file for {night}: looked for {wanted} under {source_set.root}.{newest}")
    return found


def _dated(store: Any, root: str, pattern: str, night: date) -> list[SourceFile]:
    parts = [re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split(DATE_MARK)]
    matcher = re.compile(r"(\d{4}-\d{2}-\d{2})".join(parts[:2]) + "".join(rf"\1{part}" for part in parts[2:]))
    files = []
    wanted = _taken_literally(pattern).replace(DATE_MARK, "????-??-??")
    for path, info in store.glob(wanted, detail=True).items():
        match = matcher.fullmatch(path)
        day = _date_or_none(match.group(1)) if match else None
        if day is not None and day <= night and info["type"] == "file":
            files.append(SourceFile(path, path.removeprefix(f"{root.rstrip('/')}/"), day, _stamp(info)))
    return sorted(files, key=lambda file: (file.business_date, file.url))


def _undated(store: Any, root: str, pattern: str, night: date) -> list[SourceFile]:
    found = store.glob(_taken_literally(pattern), detail=True) if "*" in pattern else _single(store, pattern)
    return [
        SourceFile(path, path.removeprefix(f"{root.rstrip('/')}/"), night, _stamp(info))
        for path, info in sorted(found.items())
        if info["type"] == "file"
    ]


def _taken_literally(pattern: str) -> str:
    """``pattern`` for a store's glob, in which only ``*`` stands for something else."""
    return re.sub(r"[\[?]", r"[\g<0>]", pattern)


def _refuse_names_that_are_no_text(found: list[SourceFile]) -> None:
    for file in found:
        try:
            file.name.encode()
        except UnicodeEncodeError:
            shown = file.name.encode("utf-8", "backslashreplace").decode()
            raise UserError(f"{shown}: the file's name is not UTF-8. Rename it; nothing was loaded.") from None


def _single(store: Any, path: str) -> dict[str, dict[str, object]]:
    return {path: store.info(path)} if store.exists(path) else {}


def _stamp(info: dict[str, object]) -> str:
    keys = ("size", "mtime", "ETag", "etag", "LastModified", "ino")
    return "|".join(f"{key}={info[key]}" for key in keys if key in info)


def _date_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def land(settings: Settings, source_set: SourceSet, feed: Feed, file: SourceFile, folder: Path) -> LandedFile:
    """Copy the file as sent into ``folder``, named by its content; only its owner may read it.

    Raises ``TransientError`` where it changed since it was found, or is not what its control file says.
    """
    with opened(source_set.root) as (store, root), Partial(folder) as partial:
        said = Control()
        if feed.files.control:
            told = feed.files.control.replace(DATE_MARK, file.business_date.isoformat())
            said = read_control(store, str(PurePosixPath(root) / told), file.name)
        with store.open(file.url, "rb") as origin:
            while chunk := origin.read(CHUNK_BYTES):
                partial.write(chunk)
        now = store.info(file.url)
        if now["size"] != partial.size or _stamp(now) != file.stamp:
            raise TransientError(f"{file.name}: it is still being written. Nothing of it was loaded; try again later.")
        said.check(file.name, partial.size, partial.sha256)
        kept = partial.keep(PurePosixPath(file.name).name)
    return LandedFile(file, kept, partial.sha256, partial.size, said)
