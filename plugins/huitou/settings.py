"""Every setting of Huitou, read from the environment once. The only reader of ``os.environ``."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from huitou.errors import UserError

PREFIX = "HUITOU_"
PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseModel):
    """What a night may be told from outside. Field ``x`` is the environment variable ``HUITOU_X``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Path = Field(PROJECT_ROOT / ".huitou", description="Folder that holds all state.")
    sources: Path = Field(
        PROJECT_ROOT / "dags" / "sources" / "demo", description="Folder of feed files: the set in use."
    )
    source_root: str | None = Field(
        None, description="Folder or fsspec URL that feed paths start from; overrides the set's own root."
    )
    connections: Path | None = Field(
        None,
        description="File of the addresses and secrets of the shop's own systems; unset means `keys/connections.yml` "
        "in the home folder.",
    )
    campaigns: Path = Field(PROJECT_ROOT / "dags" / "campaigns", description="Folder of campaign files.")
    warehouse_dsn: SecretStr | None = Field(
        None, description="PostgreSQL URL of the warehouse; unset means the embedded server."
    )
    db_port: int | None = Field(
        None, ge=1, le=65535, description="Port of the embedded server; unset takes a free one."
    )
    db_durable: bool = Field(
        True,
        description="Keep fsync on in the embedded server. Off only where a lost database costs nothing.",
    )
    clock: str = Field(
        "system",
        description="What delivery takes as now: `system`, `morning-after` (10:00 the day after the business "
        "date, shop time) or a fixed ISO 8601 instant with offset.",
    )
    provider_url: str | None = Field(
        None, description="Base URL of the messaging provider; unset means the sandbox provider."
    )
    provider_secret: SecretStr | None = Field(
        None, description="Signing secret shared with the provider; unset uses the sandbox's."
    )
    vault_key: SecretStr | None = Field(
        None,
        description="Base64 of the 32 bytes that seal the vault, or several such keys as `id:base64`, separated by "
        "commas, the oldest first; unset uses key files in the home folder.",
    )
    landing_days: int = Field(
        30, ge=0, description="Days that landed files with personal data are kept once their night is published."
    )
    value_fit_days: int = Field(
        7, ge=1, description="Days between fits of customer value: 1 fits every night, 7 on Sundays."
    )
    ui_port: int = Field(8080, ge=1, le=65535, description="Port of Airflow's UI on loopback.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="How much the log says.")

    @field_validator("home", "sources", "connections", "campaigns", mode="after")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings. Raises ``UserError`` that names the variable, its value and what is allowed."""
        env = os.environ if environ is None else environ
        given = {k[len(PREFIX) :].lower(): v for k, v in env.items() if k.startswith(PREFIX) and v != ""}
        unknown = sorted(set(given) - set(cls.model_fields))
        if unknown:
            raise UserError(_unknown_message(unknown[0], list(cls.model_fields)))
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise UserError(f"{name}: {first['msg']}. See docs/settings.md.") from None

    def environment(self) -> dict[str, str]:
        """The variables that make another process read these same settings (secrets included)."""
        out: dict[str, str] = {}
        for name, value in self:
            if value is None:
                continue
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            out[PREFIX + name.upper()] = text
        return out


def _unknown_message(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
    allowed = ", ".join(PREFIX + n.upper() for n in known)
    return f"{PREFIX}{name.upper()} is not a setting.{hint} Settings are: {allowed}."


def process_environment() -> dict[str, str]:
    """A copy of the whole environment, for a child process that needs more than our own settings."""
    return dict(os.environ)


def export(variables: dict[str, str]) -> None:
    """Set environment variables for libraries in this process that read nothing else (dbt, Airflow)."""
    os.environ.update(variables)
