from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.delivery.wording import MAX_TEXT, MAX_VALUE, WordingError, cleaned, render

HOSTILE = "\u202e\u200b\u2066\ufeff\x00\x1b\r\n\t\x85\u2028\U000e0041"


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        ("优惠码 {coupon}", {"coupon": "HT1"}, "优惠码 HT1"),
        ("{a}{b}", {"a": "{b}", "b": "x"}, "{b}x"),
        ("{{{a}}}", {"a": 7}, "{7}"),
        ("减 {amount} 元", {"amount": 12.5}, "减 12.5 元"),
        ("first\nsecond {a}", {"a": "one\ntwo"}, "first\nsecond one two"),
        ("{a}!", {"a": f"x{HOSTILE}y"}, "x     y!"),
        ("{a}", {"a": "長" * (MAX_VALUE + 1)}, "長" * (MAX_VALUE - 1) + "…"),
    ],
)
def test_render_substitutes_declared_values_when_they_fit(template: str, values: object, text: str) -> None:
    assert render(template, values) == text


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("{coupon}", {}),
        ("{coupon.__class__}", {"coupon": "x"}),
        ("{coupon!r}", {"coupon": "x"}),
        ("{coupon:>99999}", {"coupon": "x"}),
        ("{0}", ["x"]),
        ("{}", {"": "x"}),
        ("{Coupon}", {"coupon": "x"}),
        ("a { b", {}),
        ("a } b", {}),
        ("{a}", {"a": None}),
        ("{a}", {"a": True}),
        ("{a}", {"a": {"b": 1}}),
        ("{a}", {"a": "\u200b"}),
        ("", {}),
        ("x" * (MAX_TEXT + 1), {}),
        (None, {}),
        ("x", None),
    ],
)
def test_render_refuses_when_template_and_values_do_not_fit(template: object, values: object) -> None:
    with pytest.raises(WordingError):
        render(template, values)


def test_render_names_no_value_when_it_refuses() -> None:
    with pytest.raises(WordingError) as refused:
        render("{missing} {phone}", {"phone": "+8613800000001"})
    assert "13800000001" not in str(refused.value)


@given(st.text())
def test_cleaned_leaves_one_harmless_line_when_text_is_anything(text: str) -> None:
    out = cleaned(text)
    assert not {unicodedata.category(c) for c in out} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert cleaned(out) == out


@given(st.text(), st.text(alphabet="ab {}", max_size=30))
def test_render_never_reads_a_value_as_a_template_when_it_holds_braces(value: str, other: str) -> None:
    text = render("<{value}|{other}>", {"value": value, "other": other})
    shown = cleaned(value).strip()
    assert text.startswith("<" + shown[: MAX_VALUE - 1])
    assert text.endswith("|" + cleaned(other).strip() + ">")
