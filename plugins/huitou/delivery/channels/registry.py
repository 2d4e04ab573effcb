"""Every channel by its name."""

from __future__ import annotations

from huitou.delivery.channels.base import Channel, Limits
from huitou.delivery.channels.endpoint import Endpoint
from huitou.delivery.channels.signed_http import SignedHttp
from huitou.delivery.channels.staff_webhook import StaffWebhook

CHANNELS: dict[str, type[SignedHttp]] = {channel.name: channel for channel in (SignedHttp, StaffWebhook)}


def channel_of(name: str, endpoint: Endpoint, limits: Limits) -> Channel:
    """The channel ``name``. Raises ``KeyError`` for a name that is not in ``CHANNELS``."""
    return CHANNELS[name](endpoint, limits)
