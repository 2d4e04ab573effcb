-- Over the categories, goods and discounts are those of the day, but for discounts of orders without a line.
with categories as (
    {{ touched_rows(ref("category_sales_daily"), "sale_days") }}
),

days as (
    {{ touched_rows(ref("sales_daily"), "sale_days") }}
),

sold_days as (
    select * from days
    where orders > 0
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "sale_days", ["order_day"]) }}
),

lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "sale_days", ["order_day"]) }}
),

without_line as (
    select
        orders.order_day as day,
        orders.currency,
        sum(orders.discounts) as discounts
    from orders
    left join lines
        on orders.source = lines.source and orders.order_id = lines.order_id
    where orders.is_sale and lines.order_id is null
    group by orders.order_day, orders.currency
),

added as (
    select
        day,
        currency,
        sum(gross) as gross,
        sum(discounts) as discounts
    from categories
    group by day, currency
)

select
    days.day,
    days.currency
from sold_days as days
full outer join added
    on days.day = added.day and days.currency = added.currency
left join without_line
    on days.day = without_line.day and days.currency = without_line.currency
where
    coalesce(days.gross, 0) <> coalesce(added.gross, 0)
    or coalesce(days.discounts, 0) - coalesce(without_line.discounts, 0) <> coalesce(added.discounts, 0)
