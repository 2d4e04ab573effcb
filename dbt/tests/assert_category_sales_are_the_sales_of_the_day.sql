-- Over the categories, goods and discounts are those of the day, but for discounts of orders without a line.
with categories as (
    select * from {{ ref("category_sales_daily") }}
),

days as (
    select * from {{ ref("sales_daily") }}
    where orders > 0
),

sales as (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
),

lines as (
    select * from {{ ref("stg_order_lines") }}
),

without_line as (
    select
        sales.order_day as day,
        sales.currency,
        sum(sales.discounts) as discounts
    from sales
    left join lines
        on sales.source = lines.source and sales.order_id = lines.order_id
    where lines.order_id is null
    group by sales.order_day, sales.currency
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
from days
full outer join added
    on days.day = added.day and days.currency = added.currency
left join without_line
    on days.day = without_line.day and days.currency = without_line.currency
where
    coalesce(days.gross, 0) <> coalesce(added.gross, 0)
    or coalesce(days.discounts, 0) - coalesce(without_line.discounts, 0) <> coalesce(added.discounts, 0)
