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
# What each of these speaks of, and how: as somebody read them who knew no list of words. What is not here speaks of
# nothing in particular, the price included.
SPEAKS_OF: dict[str, dict[str, int]] = {
    "Not as described": {"product_quality": -1},
    "跟描述不符,有点失望。": {"product_quality": -1},
    "质量太差了!!": {"product_quality": -1},
    "Poor quality, would not buy again.": {"product_quality": -1},
    "用了两天就坏了,\n客服半天不回。": {"product_quality": -1, "after_sales": -1},
    '写着"全新",收到像是拆过的😡。': {"product_quality": -1},
    "东西还可以,包装简单了点。": {"product_quality": 0, "logistics": -1},
    "没有想象中好,也不算差。": {"product_quality": 0},
    '说是"旗舰品质",其实普通。': {"product_quality": -1},
    "非常喜欢,做工精细!": {"product_quality": 1},
    "Love it, exactly as pictured.": {"product_quality": 1},
    "颜色有色差。": {"product_quality": -1},
    "尺码偏小,要退货。": {"product_quality": -1, "after_sales": -1},
    "Smells odd, sadly.": {"product_quality": -1},
    "售后态度也不好。": {"after_sales": -1},
    "Would like more colours.": {"product_quality": 0},
    "颜色正,手感好。": {"product_quality": 1},
    "客服很耐心,": {"after_sales": 1},
    "老人小孩都能用。": {"product_quality": 1},
    LATE_DETAIL: {"logistics": -1},
}
# By cause of a case: late, damaged, a question, a repair
CASES = (
    ("快递一直没到!", "Where is my parcel? ", "承诺三天,\n五天了还在路上。", '物流显示"派送中"好几天了😡'),
    ("收到就是坏的。", "Arrived broken. ", "外包装破了,里面也碎了,\n要求换货。", '包装写着"易碎",还是摔坏了。'),
    ("怎么改收货地址?", "How do I use my coupon? ", "积分什么时候到账?", "能开发票吗?", "尺码怎么选,\n帮忙推荐。"),
    ("用了两个月开不了机。", "Needs repair, still under warranty. ", "按键失灵,怎么保修?"),
)
CALL_ME = "请回电 "
# By who speaks: the desk, the customer
DESK_REMARKS = (
    (
        "您好,已为您查询,请稍候",
        "We are looking into it",
        "已联系仓库,\n明天前答复您",
        "已登记,感谢反馈😊",
        "抱歉,给您添麻烦了",
    ),
    ("图片已上传", "Here is the photo you asked for", "还是没解决,\n请再看看", "补充一下:是昨天收到的"),
)
RETURN_REMARKS = (
    "不想要了",
    "跟图片差太多,\n颜色不对",
    "Wrong size, please exchange",
    '质量不行,"一洗就缩"',
    "包装破损😡",
    "尺码偏大",
    "",
)
