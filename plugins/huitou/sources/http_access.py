"""What makes a request to an API known as ours: a bearer token, or a signature by a shared secret."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from huitou.settings import Settings
from huitou.sources.access import access
from huitou.sources.extract_spec import HttpSpec

Authority = Callable[[str, float], dict[str, str]]


def authority(settings: Settings, spec: HttpSpec) -> Authority:
    """Gives the headers for a URL at a moment (seconds since 1970). Raises ``UserError`` where the secret lacks."""
    if spec.connection is None:
        return lambda url, now: {}
    known = access(settings, spec.connection)
    if spec.auth == "bearer":
        token = known.needed("token", spec.connection)
        shown = f"Bearer {token}" if spec.auth_header == "Authorization" else token
        return lambda url, now: {spec.auth_header: shown}
    secret = known.needed("secret", spec.connection)
    return lambda url, now: signed(spec, secret, known.key_id, url, now)


def signed(spec: HttpSpec, secret: str, key_id: str, url: str, now: float) -> dict[str, str]:
    """The headers of ``auth: hmac``: HMAC over the text that the feed file lays down; target is path and query."""
    form, timestamp, parts = spec.signature, str(int(now)), urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    text = form.text.format(timestamp=timestamp, method="GET", target=target, key_id=key_id)
    digest = hmac.new(secret.encode(), text.encode(), form.digest).digest()
    shown = digest.hex() if form.encoding == "hex" else base64.b64encode(digest).decode()
    headers = {form.header: shown, form.timestamp_header: timestamp}
    return headers | ({form.key_header: key_id} if key_id else {})
