"""Keeps Airflow's talk out of the terminal: while nights run it goes to one file a night."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


class NightLog(io.TextIOBase):
    """Stands in for stdout and stderr and writes to the file of the night that is running.

    One lasting object, because Airflow's loggers keep the stream that they first saw.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._file: TextIO | None = None
        self._copy: TextIO | None = None

    def to(self, path: Path) -> None:
        """Append to ``path`` from now on."""
        self.close_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def close_file(self) -> None:
        """Let go of the file; what comes after is dropped."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextlib.contextmanager
    def copied(self, path: Path) -> Iterator[None]:
        """Write to ``path`` as well: one try of one task, where Airflow's UI looks for its log."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8", buffering=1) as file:
            self._copy = file
            try:
                yield
            finally:
                self._copy = None

    def write(self, text: str) -> int:
        for file in (self._file, self._copy):
            if file is not None:
                file.write(text)
        return len(text)

    def flush(self) -> None:
        if self._file is not None:
            self._file.flush()

    def writable(self) -> bool:
        return True


NIGHT_LOG = NightLog()


@contextlib.contextmanager
def captured(path: Path) -> Iterator[None]:
    """Send stdout, stderr and the root logger to the night log, first of all to ``path``; undo it after."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    NIGHT_LOG.to(path)
    root.handlers[:] = [logging.StreamHandler(NIGHT_LOG)]
    try:
        with contextlib.redirect_stdout(NIGHT_LOG), contextlib.redirect_stderr(NIGHT_LOG):
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        NIGHT_LOG.close_file()


@contextlib.contextmanager
def terminal(out: TextIO, err: TextIO) -> Iterator[None]:
    """Give the terminal back for as long as a listener speaks."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
