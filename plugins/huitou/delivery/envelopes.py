"""Turns claimed rows into envelopes: opens the contact point, renders the text, sorts out what cannot be made."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from huitou.delivery.channels.base import Channel, Envelope
from huitou.delivery.wording import WordingError, cleaned, render
from huitou.errors import UserError
from huitou.warehouse.vault import Vault

log = logging.getLogger(__name__)
MAX_REASON = 500


def envelopes(rows: Sequence[dict[str, Any]], channel: Channel, vault: Vault) -> tuple[list[Envelope], dict[str, str]]:
    """(envelopes, reason by id of those that cannot be made).

    Raises ``UserError`` where no contact point of the batch opens: then it is the key that is wrong, not a row.
    """
    made: list[Envelope] = []
    unfit: dict[str, str] = {}
    closed: UserError | None = None
    opened = 0
    for row in rows:
        try:
            to = vault.open(row["contact_hash"], row["sealed"]) if channel.needs_contact else None
            opened += 1
            made.append(_envelope(row, channel.name, to))
        except UserError as error:
            closed = error
            unfit[row["message_id"]] = "contact_unreadable"
        except WordingError as error:
            log.warning("message %s of campaign %s: %s", row["message_id"], row["campaign"], error)
            unfit[row["message_id"]] = "bad_wording"
    if closed is not None and not opened:
        raise closed
    return made, unfit


def _envelope(row: dict[str, Any], channel: str, to: str | None) -> Envelope:
    payload = row["payload"] if isinstance(row["payload"], dict) else {}
    return Envelope(
        message_id=row["message_id"],
        campaign=row["campaign"],
        channel=channel,
        consent=row["consent"],
        customer_key=row["customer_key"],
        contact_hash=row["contact_hash"],
        reason=cleaned(str(payload.get("reason", "")))[:MAX_REASON],
        text=render(payload.get("template"), payload.get("values")),
        to=to,
    )
