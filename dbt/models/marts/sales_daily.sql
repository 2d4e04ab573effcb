with orders as (
    select * from {{ ref("int_orders__priced") }}
),

refunds as (
    select * from {{ ref("stg_refunds") }}
),

flagged as (
    select distinct
        source,
        order_id
    from {{ ref("order_flags") }}
),

-- Money paid back belongs to the day it went, whenever the order was.
movements as (
    select
        orders.order_day as day,
        orders.currency,
        1 as orders,
        orders.gross,
        orders.discounts,
        orders.shipping,
        0 as refunds,
        0 as refunds_unsold,
        flagged.order_id is not null as is_flagged
    from orders
    left join flagged
        on orders.source = flagged.source and orders.order_id = flagged.order_id
    where orders.is_sale
    union all
    select
        refunds.refund_day as day,
        refunds.currency,
        0 as orders,
        0 as gross,
        0 as discounts,
        0 as shipping,
        case when coalesce(orders.is_sale, true) then refunds.amount else 0 end as refunds,
        case when coalesce(orders.is_sale, true) then 0 else refunds.amount end as refunds_unsold,
        flagged.order_id is not null as is_flagged
    from refunds
    left join orders
        on refunds.source = orders.source and refunds.order_id = orders.order_id
    left join flagged
        on refunds.source = flagged.source and refunds.order_id = flagged.order_id
)

select
    day,
    currency,
    cast(sum(orders) as integer) as orders,
    cast(sum(gross) as numeric(18, 2)) as gross,
    cast(sum(discounts) as numeric(18, 2)) as discounts,
    cast(sum(refunds) as numeric(18, 2)) as refunds,
    cast(sum(gross - discounts - refunds) as numeric(18, 2)) as net,
    cast(sum(shipping) as numeric(18, 2)) as shipping,
    cast(sum(refunds_unsold) as numeric(18, 2)) as refunds_unsold,
    cast(coalesce(sum(orders) filter (where is_flagged), 0) as integer) as flagged_orders,
    cast(
        coalesce(sum(gross - discounts - refunds) filter (where is_flagged), 0) as numeric(18, 2)
    ) as flagged_net
from movements
group by day, currency
