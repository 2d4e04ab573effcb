"""Campaign files: audience, offer, channel, cap, holdout and budget of each campaign, read against a typed schema."""

from __future__ import annotations

import hashlib
import string
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from huitou.errors import UserError
from huitou.settings import Settings
from huitou.yaml_files import Strict, read_yaml, validated

COUPON_VALUES = ("code", "amount", "threshold", "currency", "valid_to")
PERSON_VALUES = ("reason", "segment", "value")
REFUSAL = "拒收请回复R"


class Bilingual(Strict):
    """One text in both languages of the shop."""

    zh: str
    en: str


class Offer(Strict):
    """A threshold-amount coupon (满减): ``amount`` off an order of at least ``threshold``."""

    type: Literal["threshold_amount"]
    threshold: Decimal = Field(gt=0, decimal_places=2)
    amount: Decimal = Field(gt=0, decimal_places=2)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    valid_days: int = Field(ge=1, le=365)

    @model_validator(mode="after")
    def _worth_less_than_the_order(self) -> Offer:
        if self.amount > self.threshold:
            raise ValueError("amount must not be above threshold")
        return self


class Cap(Strict):
    """At most ``messages`` to a person or contact point within ``days``, over all campaigns."""

    messages: int = Field(ge=0)
    days: int = Field(ge=1, le=365)


class Campaign(Strict):
    """One campaign. The file's stem is its name."""

    campaign: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Bilingual
    owner: str
    priority: int = Field(ge=1, description="Campaigns are planned in this order; 1 is first.")
    audience: str = Field(pattern=r"^audience_[a-z0-9_]+$")
    period: Literal["week", "month", "quarter", "year", "once"]
    channel: Literal["http", "staff_webhook"]
    contact: Literal["phone", "email"]
    consent: Literal["sms", "email", "wechat", "phone"]
    language: Literal["zh", "en"]
    message: Bilingual
    offer: Offer | None = None
    cap: Cap
    holdout: float = Field(ge=0, le=0.5, description="Share of people kept out, assigned once.")
    budget: int = Field(ge=0, description="Most messages a night.")
    fresh_hours: int = Field(36, ge=1, description="Hours after the business date within which a message may leave.")

    @model_validator(mode="after")
    def _message_names_what_exists(self) -> Campaign:
        allowed = PERSON_VALUES + (COUPON_VALUES if self.offer else ())
        for text in (self.message.zh, self.message.en):
            for _, name, _, _ in string.Formatter().parse(text):
                if name is not None and name not in allowed:
                    raise ValueError(f"message: {{{name}}} is not a value; values are: {', '.join(allowed)}")
        if self.consent == "sms" and REFUSAL not in self.message.zh:
            raise ValueError(f"message.zh: a commercial SMS must say how to refuse it: end it with {REFUSAL}")
        return self

    @property
    def template(self) -> str:
        return self.message.zh if self.language == "zh" else self.message.en

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_campaigns(settings: Settings) -> list[Campaign]:
    """The campaigns that the settings pick, in the order of their priority. Raises ``UserError``."""
    folder = settings.campaigns
    if not folder.is_dir():
        raise UserError(f"{folder} does not exist. Set HUITOU_CAMPAIGNS to a folder of campaign files.")
    campaigns = [_load(path) for path in sorted(folder.glob("*.yml"))]
    return sorted(campaigns, key=lambda campaign: (campaign.priority, campaign.campaign))


def _load(path: Path) -> Campaign:
    campaign = validated(Campaign, path, read_yaml(path))
    if campaign.campaign != path.stem:
        raise UserError(f"{path}: campaign: is {campaign.campaign}, but the file is named {path.name}.")
    return campaign
