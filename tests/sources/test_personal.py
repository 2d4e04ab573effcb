"""Personal data leaves the rows: hashes for contact points, masks in free text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from huitou.sources.personal import mask, normalized


@pytest.mark.parametrize(
    ("kind", "text", "country", "expected"),
    [
        ("phone", "13800138000", "CN", "+8613800138000"),
        ("phone", "+86 138 0013 8000", "CN", "+8613800138000"),
        ("phone", "8613800138000", "CN", "+8613800138000"),
        ("phone", "(11) 98765-4321", "BR", "+5511987654321"),
        ("phone", "12", "CN", None),
        ("phone", "no phone", "CN", None),
        ("email", "Li.Lei@Example.COM", "CN", "li.lei@example.com"),
        ("email", "li.lei(at)example.com", "CN", None),
        ("name", "  李  雷 ", "CN", "李 雷"),
    ],
)
def test_a_contact_point_has_one_form(kind: str, text: str, country: str, expected: str | None) -> None:
    assert normalized(kind, text, country) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打我电话13800138000吧", "打我电话[phone]吧"),
        ("call +86 138-0013-8000 now", "call [phone] now"),
        ("写信 li.lei@example.com", "写信 [e-mail]"),
        ("很好，5星！2026-11-20 到货", "很好，5星！2026-11-20 到货"),
        (None, None),
    ],
)
def test_free_text_loses_what_reaches_a_person(text: str | None, expected: str | None) -> None:
    assert mask(pa.array([text], pa.string())).to_pylist() == [expected]
