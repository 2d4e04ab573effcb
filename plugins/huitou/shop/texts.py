"""What customers of the demo shop write: openings and details by tone, in Chinese and some English."""

from __future__ import annotations

# By tone: 0 unhappy, 1 so-so, 2 happy
TITLES = (
    ("失望", "不推荐", "Not as described", "差评", "踩雷了"),
    ("一般般", "还行", "It is OK", "中规中矩", "凑合用"),
    ("很满意", "超出预期", "Great buy!", "会回购", "推荐👍"),
)
OPENINGS = (
    (
        "跟描述不符,有点失望。",
        "质量太差了!!",
        "Poor quality, would not buy again.",
        "用了两天就坏了,\n客服半天不回。",
        '写着"全新",收到像是拆过的😡。',
    ),
    (
        "一般吧,对得起这个价格。",
        "Average, nothing special.",
        "东西还可以,包装简单了点。",
        "没有想象中好,也不算差。",
        '说是"旗舰品质",其实普通。',
    ),
    (
        "非常喜欢,做工精细!",
        "Love it, exactly as pictured.",
        "第二次买了,家人都说好😊。",
        "性价比很高,\n已经推荐给朋友。",
        '真的是"物超所值",点赞👍。',
    ),
)
DETAILS = (
    ("", "颜色有色差。", "尺码偏小,要退货。", "Smells odd, sadly.", "售后态度也不好。"),
    ("", "希望改进一下。", "再观察几天,之后追评。", "Would like more colours.", "价格再低点就好了。"),
    ("", "颜色正,手感好。", "客服很耐心,", "Will order again, thanks!", "老人小孩都能用。"),
)
LATE_DETAIL = "物流太慢,比承诺的晚了好几天。"
COMMENTS = (
    ("配送太慢,体验差", "客服推来推去,\n问题没解决", 'Too slow, "express" is a joke', "页面老卡,付款失败两次"),
    ("还可以,继续努力", "OK, but the site is slow", "有时候找不到想要的商品"),
    ("一直在这里买,放心", "Fast and friendly, thanks!", "包装很用心,\n会推荐朋友", "希望多些会员活动😊"),
)
