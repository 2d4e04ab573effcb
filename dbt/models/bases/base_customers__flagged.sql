with flagged as (
    select distinct
        source,
        order_id
    from {{ ref("order_flags") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
)

select
    orders.customer_key,
    cast(count(*) as integer) as orders,
    cast(coalesce(sum(orders.sold_base - orders.refunded_base), 0) as numeric(18, 2)) as net_base
from flagged
inner join orders
    on flagged.source = orders.source and flagged.order_id = orders.order_id
where orders.is_sale
group by orders.customer_key
