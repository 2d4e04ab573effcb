"""What may become of a candidate, in the published order: the first that applies is the decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """A decision's word and what it tells a person."""

    code: str
    en: str
    zh: str


OUTCOMES = (
    Outcome("no_consent", "never agreed to this channel, or took it back", "未同意该渠道，或已撤回同意"),
    Outcome("suppressed", "the contact point is refused by one of its owners", "联系方式已被退订或屏蔽"),
    Outcome("capped", "reached the most messages for the period", "已达到周期内的触达上限"),
    Outcome("holdout", "kept out to measure the campaign's effect", "对照组，用于衡量活动效果"),
    Outcome("abuse_hold", "flagged for cheating: no coupon while the flag stands", "命中作弊规则，暂不发券"),
    Outcome("no_contact_point", "no usable contact point is known", "没有可用的联系方式"),
    Outcome(
        "duplicate_contact", "another customer with the same contact point is reached", "同一联系方式的其他客户已被触达"
    ),
    Outcome("over_budget", "the campaign's budget of the night was spent", "活动当日预算已用完"),
    Outcome("stale_data", "planned for a date that a later night has passed", "补跑的历史日期，不再发送"),
    Outcome("send", "planned to be sent", "计划发送"),
)


def explain(code: str, language: str = "en") -> str:
    """The words for an outcome's code."""
    found = next(outcome for outcome in OUTCOMES if outcome.code == code)
    return found.zh if language == "zh" else found.en
