"""The words of the demo shop: people's names, cities and goods. All of them are invented or everyday words."""

from __future__ import annotations

SURNAMES = (*"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕", "欧阳", "司马", "上官")
GIVEN_FIRST = tuple("子梓雨欣浩宇思嘉佳俊晓文志明建国秀丽海春桂玉红小一若诗泽睿博天")
GIVEN_SECOND = ("", *"涵轩怡妍杰豪琪颖军强伟芳娜敏静磊洋勇艳娟涛超霞平刚英华慧")
ENGLISH_NAMES = (
    "Emma Chan",
    "Oliver Smith",
    "Sakura Tanaka",
    "Lucas Martin",
    "Anna Müller",
    "James O'Neill",
    "Grace Wong",
    "Noah Johnson",
    "Yuki Sato",
    "Chloé Dubois",
)

# City, province or region, weight, days more that a parcel takes
CITIES: tuple[tuple[str, str, float, int], ...] = (
    ("上海", "上海", 9.0, 0),
    ("北京", "北京", 8.5, 0),
    ("深圳", "广东", 7.0, 0),
    ("广州", "广东", 7.0, 0),
    ("杭州", "浙江", 6.0, 0),
    ("成都", "四川", 5.5, 1),
    ("重庆", "重庆", 4.5, 1),
    ("武汉", "湖北", 4.5, 0),
    ("南京", "江苏", 4.5, 0),
    ("苏州", "江苏", 4.5, 0),
    ("西安", "陕西", 3.5, 1),
    ("长沙", "湖南", 3.0, 0),
    ("天津", "天津", 3.0, 0),
    ("青岛", "山东", 2.5, 0),
    ("郑州", "河南", 2.5, 0),
    ("宁波", "浙江", 2.5, 0),
    ("东莞", "广东", 2.5, 0),
    ("合肥", "安徽", 2.0, 0),
    ("厦门", "福建", 2.0, 0),
    ("福州", "福建", 1.8, 0),
    ("济南", "山东", 1.8, 0),
    ("沈阳", "辽宁", 1.6, 1),
    ("大连", "辽宁", 1.5, 1),
    ("哈尔滨", "黑龙江", 1.3, 2),
    ("昆明", "云南", 1.3, 2),
    ("南昌", "江西", 1.2, 0),
    ("南宁", "广西", 1.1, 1),
    ("贵阳", "贵州", 1.0, 2),
    ("石家庄", "河北", 1.0, 0),
    ("太原", "山西", 0.9, 1),
    ("海口", "海南", 0.6, 2),
    ("兰州", "甘肃", 0.6, 2),
    ("呼和浩特", "内蒙古", 0.5, 2),
    ("乌鲁木齐", "新疆", 0.5, 4),
    ("拉萨", "西藏", 0.2, 5),
)
# One list a foreign currency, in the order of parameters.CURRENCIES without CNY
FOREIGN_CITIES: tuple[tuple[str, str], ...] = (
    ("New York", "美国"),
    ("香港", "香港"),
    ("Berlin", "德国"),
    ("大阪", "日本"),
)

ADJECTIVES = ("经典款", "轻奢", "升级版", "家用", "便携", "加厚", "新款", "复古", "限定", "简约")

# Category, lowest and highest list price, weight, share of returns against the mean, Chinese nouns, English names
CATEGORIES: tuple[tuple[str, float, float, float, float, tuple[str, ...], tuple[str, ...]], ...] = (
    ("女装", 29, 1800, 1.5, 1.8, ("连衣裙", "针织衫", "风衣", "阔腿裤", "半身裙", "羽绒服"), ("Linen Shirt Dress",)),
    ("男装", 29, 1800, 1.0, 1.3, ("衬衫", "卫衣", "夹克", "休闲裤", "T恤", "西装"), ("Classic Cotton Tee",)),
    ("鞋靴箱包", 39, 2400, 0.9, 1.5, ("运动鞋", "短靴", "双肩包", "拉杆箱", "单肩包"), ("Canvas Tote Bag",)),
    ("美妆护肤", 19, 1600, 1.3, 0.6, ("面霜", "精华液", "口红", "洁面乳", "面膜", "防晒霜"), ("Hydra Serum 30ml",)),
    ("母婴玩具", 15, 1500, 0.9, 0.7, ("纸尿裤", "积木", "婴儿推车", "奶瓶", "绘本"), ("Wooden Train Set",)),
    ("食品生鲜", 9, 900, 1.6, 0.4, ("坚果礼盒", "挂面", "牛奶", "车厘子", "茶叶", "腊肉"), ("Dark Chocolate 70%",)),
    ("家居日用", 9, 1200, 1.3, 0.7, ("收纳箱", "四件套", "毛巾", "保温杯", "香薰", "雨伞"), ("Bamboo Cutting Board",)),
    ("厨房小电", 49, 2600, 0.8, 0.9, ("电饭煲", "空气炸锅", "破壁机", "电水壶", "咖啡机"), ("Drip Coffee Maker",)),
    ("大家电家具", 99, 7800, 0.4, 0.8, ("洗衣机", "冰箱", "沙发", "书桌", "床垫"), ("Oak Writing Desk",)),
    ("手机数码", 19, 6800, 1.0, 1.0, ("蓝牙耳机", "充电宝", "智能手表", "平板电脑", "数据线"), ("USB-C Hub 7-in-1",)),
    ("运动户外", 19, 2800, 0.8, 1.0, ("瑜伽垫", "登山包", "跑步机", "冲锋衣", "羽毛球拍"), ("Trail Running Vest",)),
    ("图书文具", 9, 600, 0.7, 0.3, ("小说", "笔记本", "钢笔", "绘画本", "历史丛书"), ("A5 Dotted Notebook",)),
)
BULKY_CATEGORY = 8
