"""The journal of an extraction by pages: what has come is on disk before it is said to have come.

A killed extraction goes on behind its last whole page and lands the same bytes as one that was not killed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from huitou.sources.http_pages import Page
from huitou.sources.landing import open_private


class Journal:
    """Rows in ``path``, and beside them a line a page; both are flushed to disk, the rows first.

    ``request`` names what is asked for: a journal of another request is not gone on with. ``now`` is the moment of
    the call, in seconds since 1970; ``began`` is that of the extraction's first call.
    """

    def __init__(self, path: Path, request: str, now: float) -> None:
        self._path, self._request = path, request
        self._pages_path = path.with_suffix(".journal")
        self._start(now)

    def _start(self, now: float) -> None:
        self.began, self.pages, self.records, self.bytes = now, 0, 0, 0
        self.position: Any = None
        self.total: int | None = None
        self.is_done = False
        self._log_bytes = 0
        self._go_on()
        self.was_resumed = self.pages > 0
        self._rows: IO[bytes] = open_private(self._path, "r+b")
        self._log: IO[bytes] = open_private(self._pages_path, "r+b")
        self._go_to_end()

    def add(self, page: Page) -> None:
        """Keep a page."""
        self._rows.write(page.lines)
        _flush(self._rows)
        self.pages += 1
        self.records += page.records
        self.bytes += len(page.lines)
        self.position, self.is_done = page.next, page.is_last
        self.total = page.total if page.total is not None else self.total
        self._write(
            {
                "page": self.pages,
                "records": self.records,
                "bytes": self.bytes,
                "next": self.position,
                "total": self.total,
                "done": self.is_done,
            }
        )

    def restart(self, now: float) -> None:
        """Forget every page."""
        self.close()
        self.discard()
        self._start(now)

    def close(self) -> None:
        """Close the files and leave them: the next call goes on."""
        self._rows.close()
        self._log.close()

    def discard(self) -> None:
        """Remove what is left of the extraction."""
        self._pages_path.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _go_on(self) -> None:
        """Take over what an earlier call of the same request kept, if every line of it can be read."""
        if not self._pages_path.exists() or not self._path.exists():
            return
        whole = [line for line in self._pages_path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
        try:
            entries = [json.loads(line) for line in whole]
        except ValueError:
            return
        if not entries or entries[0]["request"] != self._request:
            return
        last = entries[-1] if len(entries) > 1 else {}
        if last.get("bytes", 0) > self._path.stat().st_size:
            return
        self.began = entries[0]["began"]
        self._log_bytes = sum(map(len, whole))
        if last:
            self.pages, self.records, self.bytes = last["page"], last["records"], last["bytes"]
            self.position, self.total, self.is_done = last["next"], last["total"], last["done"]

    def _go_to_end(self) -> None:
        """Cut off what a killed call wrote behind its last whole page."""
        for stream, end in ((self._rows, self.bytes), (self._log, self._log_bytes)):
            stream.truncate(end)
            stream.seek(end)
        if not self._log_bytes:
            self._write({"request": self._request, "began": self.began})

    def _write(self, entry: dict[str, Any]) -> None:
        self._log.write(json.dumps(entry).encode() + b"\n")
        _flush(self._log)


def _flush(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())
