{{ touched_view("buyers") }}

with order_days as (
    select * from {{ ref("int_customers__order_days") }}
)

select
    customer_key,
    order_day as day,
    orders,
    -- Of a day with an order that nobody can convert, the worth is not known: a part would be too little.
    cast(case when unconverted_orders = 0 then net_base end as numeric(18, 2)) as spend
from order_days
