"""Messages ready to be delivered, with the people, the consent and the contact points behind them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import psycopg

from huitou.delivery.hours import Opening
from huitou.settings import Settings
from huitou.warehouse.vault import Vault

NIGHT = date(2025, 6, 30)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
NOON = "2025-07-01T12:00:00+08:00"
EXPIRES = datetime(2025, 7, 2, tzinfo=UTC)


def name_of(number: int) -> str:
    """A message id that tests can compute."""
    return str(uuid.UUID(int=(8 << 76) | (8 << 60) | number))


def phone_of(number: int) -> str:
    return f"+86138{number:08d}"


@dataclass
class Outbox:
    """Plants people and messages in one warehouse. Person ``n`` owns phone ``n`` unless told otherwise."""

    connection: psycopg.Connection
    settings: Settings
    vault: Vault = field(init=False)

    def __post_init__(self) -> None:
        self.vault = Vault(self.settings)

    def open_hours(self, *rows: tuple[str, str, str]) -> None:
        """Replace the contact hours; no rows means always open on every channel."""
        spans = rows or tuple((channel, "00:00", "24:00") for channel in ("sms", "email", "wechat", "phone"))
        self.connection.execute("drop table if exists staging.contact_hours")
        self.connection.execute("create table staging.contact_hours (channel text, opens time, closes time)")
        with self.connection.cursor() as cursor:
            cursor.executemany("insert into staging.contact_hours values (%s, %s, %s)", spans)

    def now(self) -> datetime:
        """The noon at which tests deliver."""
        return datetime.fromisoformat(NOON)

    def always_open(self) -> list[Opening]:
        """Contact hours as a claim takes them."""
        return [Opening("sms", True, None), Opening("phone", True, None)]

    def people(self, numbers: Sequence[int], phones: dict[int, str] | None = None) -> None:
        """Customers with a sealed phone number and consent to sms and phone."""
        customers, identities, events, points = [], [], [], []
        for n in numbers:
            phone = (phones or {}).get(n, phone_of(n))
            hashed = self.vault.hash("phone", phone)
            points.append((hashed, "phone", self.vault.key_id, self.vault.seal(hashed, phone)))
            customers.append({"customer_id": str(n), "phone": hashed})
            identities.append((str(n), f"c_{n}"))
            events += [_event(f"in-{n}-{channel}", n, channel, "opt_in", LONG_AGO) for channel in ("sms", "phone")]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(
                "insert into vault.contact_points values (%s, %s, %s, %s) on conflict do nothing", points
            )
            cursor.executemany(CUSTOMER, [(json.dumps(PROVENANCE | customer),) for customer in customers])
            cursor.executemany(
                "insert into vault.identities (source, customer_id, customer_key, stated) values ('shop', %s, %s, true)",
                identities,
            )
            cursor.executemany(EVENT, events)

    def says(self, number: int, action: str, channel: str = "sms", at: datetime | None = None) -> None:
        """Person ``number`` opts in or out."""
        moment = at or datetime(2025, 6, 30, 12, tzinfo=UTC)
        self.connection.execute(EVENT, _event(str(uuid.uuid4()), number, channel, action, moment))

    def messages(self, numbers: Sequence[int], **changes: Any) -> list[str]:
        """One approved message for each person; ``changes`` override columns. Returns the ids."""
        ids = []
        with self.connection.transaction(), self.connection.cursor() as cursor:
            rows = [self._row(n, changes) for n in numbers]
            columns = ", ".join(rows[0])
            marks = ", ".join(f"%({column})s" for column in rows[0])
            cursor.executemany(f"insert into ops.messages ({columns}) values ({marks})", rows)
            ids = [row["message_id"] for row in rows]
        return ids

    def plant(self, count: int, **changes: Any) -> list[str]:
        """``count`` people, each with one message, on open hours."""
        numbers = range(1, count + 1)
        self.open_hours()
        self.people(numbers)
        return self.messages(numbers, **changes)

    def states(self) -> dict[str, tuple[str, str | None]]:
        """State and reason by message id."""
        rows = self.connection.execute("select message_id::text, state, state_reason from ops.messages")
        return {row[0]: (row[1], row[2]) for row in rows}

    def state(self, message_id: str) -> str:
        """The state of one message."""
        row = self.connection.execute("select state from ops.messages where message_id = %s", (message_id,)).fetchone()
        return row[0] if row else "missing"

    def _row(self, number: int, changes: dict[str, Any]) -> dict[str, Any]:
        payload = {
            "template": "您好，您的优惠码 {coupon}，{days} 天内有效。",
            "values": {"coupon": f"HT{number:06d}", "days": 7},
            "reason": "买过三次",
        }
        row = {
            "message_id": name_of(number),
            "campaign": "win_back",
            "period": "2025-06",
            "customer_key": f"c_{number}",
            "channel": "http",
            "contact_kind": "phone",
            "contact_hash": self.vault.hash("phone", phone_of(number)),
            "consent": "sms",
            "business_date": NIGHT,
            "expires_at": EXPIRES,
            "payload": payload,
        }
        row |= changes
        return row | {"payload": json.dumps(row["payload"])}


# The columns of a raw table come from its contract: a row is given as it is known, whatever else the table has.
CUSTOMER = "insert into raw.customers select * from jsonb_populate_record(null::raw.customers, %s)"
EVENT = "insert into vault.consent_events select * from jsonb_populate_record(null::vault.consent_events, %s)"
PROVENANCE = {
    "_source": "shop",
    "_version": "2025-01-01",
    "_business_date": "2025-01-01",
    "_file_id": 1,
    "_line": 1,
}


def _event(event_id: str, number: int, channel: str, action: str, at: datetime) -> tuple[str]:
    event = {"event_id": event_id, "customer_id": str(number), "channel": channel, "purpose": "marketing"}
    return (json.dumps(PROVENANCE | event | {"action": action, "occurred_at": at.isoformat()}),)
