from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from huitou.delivery.channels.endpoint import endpoint
from huitou.errors import TransientError, UserError
from huitou.settings import Settings

SECRET = SecretStr("s")


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://sms.example/api/", "https://sms.example/api"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_endpoint_takes_the_provider_when_its_url_is_sound(tmp_path: Path, url: str, base: str) -> None:
    found = endpoint(Settings(home=tmp_path, provider_url=url, provider_secret=SECRET))
    assert (found.url, found.is_sandbox) == (base, False)
    assert "s" not in repr(found.secret)


@pytest.mark.parametrize(
    "url", ["sms.example", "ftp://sms.example", "https://u:p@sms.example", "https://sms.example/?a=1", "https://#x", ""]
)
def test_endpoint_refuses_when_the_url_cannot_be_meant(tmp_path: Path, url: str) -> None:
    with pytest.raises(UserError, match="HUITOU_PROVIDER_URL"):
        endpoint(Settings(home=tmp_path, provider_url=url, provider_secret=SECRET))


def test_endpoint_asks_for_the_secret_when_only_the_url_is_set(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="HUITOU_PROVIDER_SECRET"):
        endpoint(Settings(home=tmp_path, provider_url="https://sms.example"))


def test_endpoint_warns_when_contacts_would_cross_the_network_in_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint(Settings(home=tmp_path, provider_url="http://sms.example", provider_secret=SECRET))
    assert "without TLS" in caplog.text


@pytest.mark.parametrize("address", [None, "", "{", "{}"])
def test_endpoint_says_how_to_start_when_the_sandbox_left_no_address(tmp_path: Path, address: str | None) -> None:
    (tmp_path / "sandbox").mkdir()
    if address is not None:
        (tmp_path / "sandbox" / "address.json").write_text(address)
    with pytest.raises(TransientError, match="huitou sandbox start"):
        endpoint(Settings(home=tmp_path))
