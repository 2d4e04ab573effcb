"""The addresses and secrets of the shop's own systems: a file that the settings name, never a feed file."""

from __future__ import annotations

import logging
import stat
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr, ValidationError

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.yaml_files import Strict, did_you_mean

log = logging.getLogger(__name__)


class Access(Strict):
    """How one system is reached: a database by its DSN, an API by a token or by a signing secret."""

    dsn: SecretStr | None = None
    token: SecretStr | None = None
    key_id: str = ""
    secret: SecretStr | None = None

    def needed(self, field: str, name: str) -> str:
        """The secret of that field. Raises ``UserError`` where the connection has none."""
        value: SecretStr | None = getattr(self, field)
        if value is None or not value.get_secret_value():
            raise UserError(f"Connection {name} has no {field}: add it to the file of connections.")
        return value.get_secret_value()


def access(settings: Settings, name: str) -> Access:
    """The connection of that name. Raises ``UserError``, whose message never shows a value of the file."""
    path = settings.connections or settings.home / "keys" / "connections.yml"
    known = _read(path, name)
    if name not in known:
        hint = did_you_mean(name, list(known))
        raise UserError(f"{path} has no connection {name}.{hint} It has: {', '.join(known) or 'none'}.")
    try:
        return Access.model_validate(known[name])
    except ValidationError as error:
        # Whatever stands in the wrong place there may be a secret: only our own words are repeated.
        fields = ", ".join(Access.model_fields)
        place = str((*error.errors()[0]["loc"], "")[0])
        where = f"{name}.{place}" if place in Access.model_fields else name
        raise UserError(f"{path}: {where} cannot be read: give it text, and no keys but {fields}.") from None


def _read(path: Path, wanted: str) -> dict[str, Any]:
    try:
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            log.warning("%s is open to every user of this machine: chmod 600", path)
        value = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise UserError(
            f"Connection {wanted} is asked for and {path} does not exist: write it there, or set HUITOU_CONNECTIONS. "
            "See docs/settings.md."
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise UserError(f"{path}:{where} is not valid YAML. Put secrets between quotes.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {type(error).__name__}.") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: must map names of connections to their addresses and secrets.")
    return {str(name): entry for name, entry in value.items()}
