"""A shop's people and one campaign's audience, put straight into the warehouse for one test."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import yaml

from factories.feeds import ORDERS, SourceFactory
from huitou.settings import Settings
from huitou.warehouse.vault import Vault

DAY = date(2026, 11, 20)


class CampaignFactory:
    """Writes campaign files, and people with their phone, consent and place in the audience."""

    def __init__(self, folder: Path, settings: Settings, connection: psycopg.Connection) -> None:
        source = SourceFactory(folder, settings)
        source.feed("orders", ORDERS)
        self._folder = folder / "campaigns"
        self._folder.mkdir()
        self.settings = source.settings.model_copy(update={"campaigns": self._folder})
        self._connection = connection
        self._vault = Vault(settings)
        self._people = 0

    def campaign(self, name: str = "winback", **changes: Any) -> None:
        body = {
            "campaign": name,
            "title": {"zh": "召回", "en": "Win back"},
            "owner": "marketing",
            "priority": 1,
            "audience": "audience_winback",
            "period": "quarter",
            "channel": "http",
            "contact": "phone",
            "consent": "sms",
            "language": "zh",
            "message": {"zh": "满{threshold}减{amount}，券码{code}。拒收请回复R", "en": "{code}"},
            "offer": {"type": "threshold_amount", "threshold": 200, "amount": 30, "currency": "CNY", "valid_days": 14},
            "cap": {"messages": 2, "days": 30},
            "holdout": 0.0,
            "budget": 100,
        }
        text = yaml.safe_dump(body | changes, allow_unicode=True)
        (self._folder / f"{name}.yml").write_text(text, encoding="utf-8")

    def person(self, phone: str | None = "", consent: str | None = "opt_in", day: date = DAY, key: str = "") -> str:
        """A customer with a phone (``""``: one of their own) and a word on SMS; returns the customer key."""
        self._people += 1
        number = self._people
        customer_id = key or f"u{number}"
        phone = f"+861390000{number:04d}" if phone == "" else phone
        contact = self._vault.hash("phone", phone) if phone else None
        if phone and contact:
            self._connection.execute(
                "insert into vault.contact_points values (%s, 'phone', %s, %s) on conflict do nothing",
                (contact, self._vault.key_id, self._vault.seal(contact, phone)),
            )
        row = self._connection.execute(
            "insert into vault.identities values ('shop', %s, vault.customer_key('shop', %s), false)"
            " returning customer_key",
            (customer_id, customer_id),
        ).fetchone()
        assert row is not None
        self._connection.execute(
            "insert into raw.customers (customer_id, phone, _source, _version, _business_date, _file_id, _line)"
            " values (%s, %s, 'shop', %s, %s, 0, 0)",
            (customer_id, contact, day, day),
        )
        if consent:
            self.consent(customer_id, consent, day)
        return str(row[0])

    def consent(self, customer_id: str, action: str, day: date = DAY, at: str = "09:00", channel: str = "sms") -> None:
        self._connection.execute(
            "insert into vault.consent_events (event_id, customer_id, channel, purpose, action, occurred_at,"
            " _source, _version, _business_date, _file_id, _line)"
            " values (gen_random_uuid()::text, %s, %s, 'marketing', %s, %s, 'shop', %s, %s, 0, 0)",
            (customer_id, channel, action, f"{day} {at}+08", day, day),
        )

    def audience(self, *keys: str, day: date = DAY, name: str = "audience_winback") -> None:
        """The audience of the day, in the order given; the candidate marts then stand at that day."""
        self._connection.execute(
            f"create table if not exists candidate.{name} (business_date date, customer_key text, segment text,"
            " value numeric(18, 2), reason text, reason_zh text, priority integer)"
        )
        self._connection.execute(
            "create table if not exists candidate.customer_flags (customer_key text, rule text, rule_zh text,"
            " evidence integer, evidence_limit integer, holds_offers boolean)"
        )
        self._connection.execute(f"delete from candidate.{name}")
        for priority, key in enumerate(keys, start=1):
            self._connection.execute(
                f"insert into candidate.{name} values (%s, %s, 'at_risk', %s, 'last order long ago', '很久没下单', %s)",
                (day, key, 1000 - priority, priority),
            )
        self._connection.execute(
            "insert into ops.steps (business_date, step, outcome, seconds) values (%s, 'build.gate', 'done', 0)", (day,)
        )

    def flag(self, key: str, rule: str = "brushing_burst", holds_offers: bool = True) -> None:
        """What a rule found on the person, as the candidate marts of the day say; after ``audience``."""
        self._connection.execute(
            "insert into candidate.customer_flags values (%s, %s, '刷单', 7, 3, %s)", (key, rule, holds_offers)
        )


def later(days: int) -> date:
    return DAY + timedelta(days=days)
