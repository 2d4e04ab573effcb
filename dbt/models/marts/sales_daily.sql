{{ touched_model("days") }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "days", ["order_day"]) }}
),

placed as (
    select * from {{ ref("int_orders__priced") }}
),

refunds as (
    {{ touched_rows(ref("stg_refunds"), "days", ["refund_day"]) }}
),

-- Money paid back belongs to the day it went, whenever the order was.
movements as (
    select
        order_day as day,
        currency,
        1 as orders,
        gross,
        discounts,
        shipping,
        0 as refunds,
        0 as refunds_unsold
    from orders
    where is_sale
    union all
    select
        refunds.refund_day as day,
        refunds.currency,
        0 as orders,
        0 as gross,
        0 as discounts,
        0 as shipping,
        case when coalesce(placed.is_sale, true) then refunds.amount else 0 end as refunds,
        case when coalesce(placed.is_sale, true) then 0 else refunds.amount end as refunds_unsold
    from refunds
    left join placed
        on refunds.source = placed.source and refunds.order_id = placed.order_id
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
    cast(sum(refunds_unsold) as numeric(18, 2)) as refunds_unsold
from movements
group by day, currency
