"""Where the provider is, and the secret shared with it: from the settings, or from the sandbox's home."""

from __future__ import annotations

import ipaddress
import json
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from huitou.errors import TransientError, UserError
from huitou.settings import Settings

log = logging.getLogger(__name__)
START_HINT = "start it with `huitou sandbox start`"


@dataclass(frozen=True)
class Endpoint:
    """Base URL without a trailing slash, and the signing secret."""

    url: str
    secret: SecretStr
    is_sandbox: bool


def endpoint(settings: Settings) -> Endpoint:
    """The provider of these settings.

    Raises ``UserError`` for a URL or secret that cannot be used, ``TransientError`` where the sandbox is meant and
    left no address.
    """
    if settings.provider_url is None:
        return _sandbox(settings)
    if settings.provider_secret is None:
        raise UserError("HUITOU_PROVIDER_URL is set without HUITOU_PROVIDER_SECRET: set the secret as well.")
    return Endpoint(_checked(settings.provider_url), settings.provider_secret, False)


def _sandbox(settings: Settings) -> Endpoint:
    place = settings.home / "sandbox"
    try:
        url = json.loads((place / "address.json").read_text())["url"]
        secret = settings.provider_secret or SecretStr((place / "secret").read_text().strip())
    except (OSError, ValueError, KeyError):
        raise TransientError(f"The sandbox provider does not run: {START_HINT}.") from None
    return Endpoint(url, secret, True)


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UserError("HUITOU_PROVIDER_URL must be the base URL of the provider: https://host[:port][/path].")
    if parts.username or parts.password:
        raise UserError("HUITOU_PROVIDER_URL must not carry a user or password: use HUITOU_PROVIDER_SECRET.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        log.warning("The provider is reached without TLS: contact points cross the network in clear.")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
