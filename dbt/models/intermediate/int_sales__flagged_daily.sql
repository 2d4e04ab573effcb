with flagged as (
    select distinct
        source,
        order_id
    from {{ ref("order_flags") }}
),

orders as {{ inlined() }} (
    select * from {{ ref("int_orders__priced") }}
),

refunds as (
    select * from {{ ref("stg_refunds") }}
),

movements as (
    select
        orders.order_day as day,
        orders.currency,
        1 as orders,
        orders.gross - orders.discounts as net
    from flagged
    inner join orders
        on flagged.source = orders.source and flagged.order_id = orders.order_id
    where orders.is_sale
    union all
    select
        refunds.refund_day as day,
        refunds.currency,
        0 as orders,
        -refunds.amount as net
    from flagged
    inner join refunds
        on flagged.source = refunds.source and flagged.order_id = refunds.order_id
    left join orders
        on flagged.source = orders.source and flagged.order_id = orders.order_id
    where coalesce(orders.is_sale, true)
)

select
    day,
    currency,
    cast(sum(orders) as integer) as orders,
    cast(sum(net) as numeric(18, 2)) as net
from movements
group by day, currency
