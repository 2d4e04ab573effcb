{{ touched_model("sale_days") }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "sale_days", ["order_day"]) }}
)

select
    order_day as day,
    category,
    currency,
    cast(count(distinct row(source, order_id)) as integer) as orders,
    cast(sum(quantity) as bigint) as units,
    cast(sum(amount) as numeric(18, 2)) as gross,
    cast(sum(discount) as numeric(18, 2)) as discounts,
    cast(sum(amount - discount) as numeric(18, 2)) as sold,
    cast(coalesce(sum(sold_base), 0) as numeric(18, 2)) as sold_base,
    cast(count(distinct row(source, order_id)) filter (where sold_base is null) as integer)
        as unconverted_orders
from lines
group by order_day, category, currency
