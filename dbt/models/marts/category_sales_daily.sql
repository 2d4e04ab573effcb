{% set key = "day, category, currency" -%}
{% set moved = "days_whose_flags_moved('int_category_sales__flagged_daily', '" ~ key ~ "', 'sold_base')" -%}
{{ touched_model("sale_days", also="{{ " ~ moved ~ " }}") }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "sale_days", ["order_day"]) }}
),

flagged as (
    select * from {{ ref("int_category_sales__flagged_daily") }}
),

summed as (
    select
        order_day as day,
        category,
        currency,
        count(distinct row(source, order_id)) as orders,
        sum(quantity) as units,
        sum(amount) as gross,
        sum(discount) as discounts,
        coalesce(sum(sold_base), 0) as sold_base,
        count(distinct row(source, order_id)) filter (where sold_base is null) as unconverted_orders
    from lines
    group by order_day, category, currency
)

select
    summed.day,
    summed.category,
    summed.currency,
    cast(summed.orders as integer) as orders,
    cast(summed.units as bigint) as units,
    cast(summed.gross as numeric(18, 2)) as gross,
    cast(summed.discounts as numeric(18, 2)) as discounts,
    cast(summed.gross - summed.discounts as numeric(18, 2)) as sold,
    cast(summed.sold_base as numeric(18, 2)) as sold_base,
    cast(summed.unconverted_orders as integer) as unconverted_orders,
    cast(coalesce(flagged.orders, 0) as integer) as flagged_orders,
    cast(coalesce(flagged.sold_base, 0) as numeric(18, 2)) as flagged_sold_base
from summed
left join flagged
    on
        summed.day = flagged.day
        and summed.category = flagged.category
        and summed.currency = flagged.currency
