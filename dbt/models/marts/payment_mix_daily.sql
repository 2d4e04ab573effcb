{{ touched_model("sale_days") }}

with payments as (
    {{ touched_rows(ref("int_orders__payments"), "sale_days", ["order_day"]) }}
)

select
    order_day as day,
    method,
    currency,
    cast(count(*) as integer) as orders,
    cast(count(*) filter (where is_split) as integer) as split_orders,
    cast(sum(payments) as integer) as payments,
    cast(sum(amount) as numeric(18, 2)) as amount,
    cast(coalesce(sum(amount_base), 0) as numeric(18, 2)) as amount_base,
    cast(count(*) filter (where amount_base is null) as integer) as unconverted_orders
from payments
group by order_day, method, currency
