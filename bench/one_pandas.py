"""The same marts by pandas over Parquet, in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd

ZONE = "Asia/Shanghai"


def newest(folder: Path, feed: str, key: list[str]) -> pd.DataFrame:
    rows = pd.read_parquet(folder / f"{feed}.parquet")
    return rows.sort_values("_version").drop_duplicates(key, keep="last")


def day_of(column: pd.Series) -> pd.Series:
    return column.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()


def main() -> None:
    folder, day = Path(sys.argv[1]), pd.Timestamp(sys.argv[2])
    began = time.perf_counter()
    accounts = pd.read_parquet(folder / "accounts.parquet")
    orders = newest(folder, "orders", ["order_id"]).merge(accounts, on="customer_id", how="left")
    lines = newest(folder, "order_lines", ["order_id", "line_no"])
    lines["amount"] = (lines["quantity"] * lines["unit_price"].astype(float)).round(2)
    lines["discount"] = lines["discount"].astype(float)
    goods = lines.groupby("order_id")[["amount", "discount"]].sum()
    refunds = newest(folder, "refunds", ["refund_id"])
    refunds["amount"] = refunds["amount"].astype(float)
    refunds["order_day"] = day_of(refunds["refunded_at"])
    back = refunds.groupby(["order_id", "currency"])["amount"].sum().rename("refunded").reset_index()
    rates = newest(folder, "exchange_rates", ["currency", "rate_date"])
    rates["order_day"] = pd.to_datetime(rates["rate_date"])
    rates["rate"] = rates["rate"].astype(float)
    orders["order_day"] = day_of(orders["ordered_at"])
    orders = orders.merge(goods, left_on="order_id", right_index=True, how="left")
    orders = orders.merge(back, on=["order_id", "currency"], how="left")
    orders = orders.merge(rates[["currency", "order_day", "rate"]], on=["currency", "order_day"], how="left")
    orders[["amount", "discount", "refunded"]] = orders[["amount", "discount", "refunded"]].fillna(0)
    orders.loc[orders["currency"] == "CNY", "rate"] = 1
    orders["net"] = (orders["amount"] - orders["discount"] - orders["refunded"]) * orders["rate"]
    sales = orders[orders["status"].isin(["paid", "shipped", "delivered"])]
    people = sales.groupby("customer_key").agg(
        orders=("net", "size"), net_spend=("net", "sum"), first=("order_day", "min"), last=("order_day", "max")
    )
    window = (
        sales[sales["order_day"] > day - pd.DateOffset(months=12)].groupby("customer_key")["net"].agg(["size", "sum"])
    )
    scored = people.join(window, how="inner")
    for name, column in (("recency", "last"), ("frequency", "size"), ("monetary", "sum")):
        scored[name] = 1 + 5 * (scored[column].rank(method="min") - 1) // len(scored)
    customers = newest(folder, "customers", ["customer_id"]).merge(accounts, on="customer_id", how="left")
    registered = customers.groupby("customer_key")["registered_at"].min()
    segments = people.join(registered, how="outer")
    segments["lifecycle"] = pd.cut(
        (day - segments["last"]).dt.days, [-1, 90, 180, 100_000], labels=["here", "at_risk", "lost"]
    )
    daily = sales.groupby(["order_day", "currency"])[["amount", "discount"]].sum()
    daily = daily.join(refunds.groupby(["order_day", "currency"])["amount"].sum().rename("refunds"))
    reviews = newest(folder, "reviews", ["review_id", "order_id"])
    reviews["day"] = day_of(reviews["created_at"])
    answers = newest(folder, "survey_responses", ["response_id", "metric", "dimension"])
    answers["day"] = day_of(answers["answered_at"])
    satisfaction = [
        reviews.groupby("day")["score"].agg(["size", "sum"]),
        answers.groupby(["day", "metric"])["score"].agg(["size", "sum"]),
    ]
    delivered = orders[orders["status"] == "delivered"].merge(
        reviews.drop_duplicates("order_id", keep="last")[["order_id", "score"]], on="order_id", how="left"
    )
    delivered["late"] = delivered["delivered_at"] > delivered["promised_at"]
    delivered["day"] = day_of(delivered["delivered_at"])
    deliveries = delivered.groupby(["day", "late"])["score"].agg(["size", "count", "sum"])
    rows = len(scored) + len(segments) + len(daily) + sum(map(len, satisfaction)) + len(deliveries)
    peak = int(Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) // 1024
    print(json.dumps({"seconds": time.perf_counter() - began, "peak_mib": peak, "rows": rows}))


if __name__ == "__main__":
    main()
