"""Control files: what a source says that its files hold, so that one that came in part is known as such.

``{"files": {"orders.csv": {"rows": 10, "bytes": 512, "sha256": "…"}}}``: any of the three may be left out.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field, ValidationError

from huitou.errors import TransientError, UserError
from huitou.yaml_files import Strict

MOST_BYTES = 8 << 20


class Control(Strict):
    """What one file holds: its records, its size as sent and the SHA-256 of those bytes."""

    rows: int | None = Field(default=None, ge=0)
    bytes: int | None = Field(default=None, ge=0)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")

    def check(self, name: str, size: int, sha256: str) -> None:
        """Raise ``TransientError`` where the bytes are not those that the source meant."""
        if self.bytes is not None and size != self.bytes:
            raise _partial(name, f"{self.bytes} bytes and it has {size}")
        if self.sha256 is not None and sha256 != self.sha256.lower():
            raise _partial(name, "another SHA-256 than its bytes have")


class _Controls(Strict):
    files: dict[str, Control]


def read_control(store: Any, path: str, name: str) -> Control:
    """What the control file at ``path`` says of the file ``name`` (its path below the root, or its last part).

    Raises ``TransientError`` where it says nothing yet, ``UserError`` where it cannot be read.
    """
    shown = PurePosixPath(path).name
    try:
        with store.open(path, "rb") as stream:
            controls = _Controls.model_validate(json.loads(stream.read(MOST_BYTES)))
    except FileNotFoundError:
        raise TransientError(f"{name}: its control file {shown} is not there yet. It is taken when it is.") from None
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"{shown}: {key or 'it'} is not as files.control must be: see docs/architecture.md.") from None
    except ValueError:
        raise TransientError(f"{name}: its control file {shown} is cut, or no JSON. Nothing was loaded.") from None
    said = controls.files.get(name) or controls.files.get(PurePosixPath(name).name)
    if said is None:
        raise TransientError(f"{name}: its control file {shown} does not name it. It is taken when it does.")
    return said


def _partial(name: str, why: str) -> TransientError:
    return TransientError(
        f"{name}: the file is partial: its control file says {why}. Nothing of it was loaded; it is taken when whole."
    )
