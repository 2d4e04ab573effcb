"""Campaign files: what is shipped loads, what is wrong is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from huitou.campaigns.definition import load_campaigns
from huitou.errors import UserError
from huitou.settings import PROJECT_ROOT, Settings

SHIPPED = PROJECT_ROOT / "dags" / "campaigns"


def test_the_shipped_campaigns_load_in_the_order_of_their_priority() -> None:
    assert [campaign.campaign for campaign in load_campaigns(Settings())] == ["winback_coupon", "revisit_list"]


def test_every_shipped_campaign_has_its_audience_model() -> None:
    for campaign in load_campaigns(Settings()):
        assert (PROJECT_ROOT / "dbt" / "models" / "audiences" / f"{campaign.audience}.sql").is_file()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"chanel": "http"}, r"chanel: unknown key. Did you mean channel\?"),
        ({"channel": "fax"}, r"channel: 'fax' is not allowed. Allowed are: 'http' or 'staff_webhook'"),
        ({"holdout": 0.9}, r"holdout: Input should be less than or equal to 0.5"),
        ({"message": {"zh": "{cod}。拒收请回复R", "en": "x"}}, r"\{cod\} is not a value; values are: reason"),
        ({"message": {"zh": "来吧", "en": "x"}}, r"must say how to refuse it"),
        ({"campaign": "other"}, r"the file is named winback_coupon.yml"),
        (
            {"offer": {"type": "threshold_amount", "threshold": 10, "amount": 30, "currency": "CNY", "valid_days": 1}},
            r"offer: amount must not be above threshold",
        ),
    ],
)
def test_a_campaign_is_refused_when_a_key_is_wrong(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    body = yaml.safe_load((SHIPPED / "winback_coupon.yml").read_text(encoding="utf-8"))
    (tmp_path / "winback_coupon.yml").write_text(yaml.safe_dump(body | changes, allow_unicode=True), encoding="utf-8")
    with pytest.raises(UserError, match=says):
        load_campaigns(Settings(campaigns=tmp_path))


def test_a_missing_folder_is_named() -> None:
    with pytest.raises(UserError, match=r"/nowhere does not exist. Set HUITOU_CAMPAIGNS"):
        load_campaigns(Settings(campaigns=Path("/nowhere")))
