"""Channel ``staff_webhook``: a task for a member of staff. No contact point leaves; its keyed hash does."""

from __future__ import annotations

from huitou.delivery.channels.base import Envelope, Outcome
from huitou.delivery.channels.signed_http import SignedHttp


class StaffWebhook(SignedHttp):
    """POST {base}/staff, signed alike. A webhook has nothing to look a message up in."""

    name = "staff_webhook"
    needs_contact = False
    can_look_up = False
    path = "/staff"

    async def look_up(self, message_id: str) -> Outcome | None:
        """Nothing can be proven."""
        return None

    def body(self, envelope: Envelope) -> dict[str, str | None]:
        """What the member of staff is told: whom, why, and what to say."""
        return {
            "message_id": envelope.message_id,
            "campaign": envelope.campaign,
            "channel": envelope.channel,
            "medium": envelope.consent,
            "customer_key": envelope.customer_key,
            "contact_ref": envelope.contact_hash,
            "reason": envelope.reason,
            "script": envelope.text,
        }
