"""The sandbox's own record of what it accepted: append-only, on disk before the answer leaves."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any


class Ledger:
    """One JSON line an accepted message. Appends that arrive together share one fsync.

    A line without its newline was never answered for: it is cut off when the ledger opens.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:
            os.ftruncate(self._fd, len(whole) + (1 if whole else 0))
        self.count = 0
        self._provider_ids: dict[str, str] = {}
        for line in whole.splitlines():
            self._index(json.loads(line)["message_id"])
        self._pending: list[tuple[str, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, entry: dict[str, Any]) -> str:
        """Keep ``entry`` for good and give the provider's id of it. Raises ``OSError`` where the disk refuses."""
        done = asyncio.get_running_loop().create_future()
        self._pending.append((json.dumps(entry, ensure_ascii=False) + "\n", done))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await done
        return self._index(entry["message_id"])

    def find(self, message_id: str) -> str | None:
        """The provider's id of the last acceptance of ``message_id``."""
        return self._provider_ids.get(message_id)

    def close(self) -> None:
        os.close(self._fd)

    def _index(self, message_id: str) -> str:
        self.count += 1
        self._provider_ids[message_id] = f"sandbox-{self.count}"
        return self._provider_ids[message_id]

    async def _flush(self) -> None:
        while self._pending:
            batch, self._pending = self._pending, []
            text = "".join(line for line, _ in batch).encode()
            try:
                await asyncio.to_thread(self._write, text)
            except OSError as error:
                for _, done in batch:
                    done.set_exception(error)
            else:
                for _, done in batch:
                    done.set_result(None)

    def _write(self, text: bytes) -> None:
        size = os.fstat(self._fd).st_size
        try:
            left = text
            while left:
                left = left[os.write(self._fd, left) :]
            os.fsync(self._fd)
        except OSError:
            os.ftruncate(self._fd, size)
            raise
