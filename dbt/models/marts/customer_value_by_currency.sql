{{ touched_model("buyers") }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "buyers") }}
)

select
    customer_key,
    currency,
    cast(count(*) as integer) as orders,
    cast(sum(units) as bigint) as units,
    cast(sum(gross) as numeric(18, 2)) as gross,
    cast(sum(discounts) as numeric(18, 2)) as discounts,
    cast(sum(refunded) as numeric(18, 2)) as refunds,
    cast(sum(net) as numeric(18, 2)) as net,
    cast(count(*) filter (where rate is null) as integer) as unconverted_orders,
    min(order_day) as first_order_date,
    max(order_day) as last_order_date
from orders
where is_sale
group by customer_key, currency
