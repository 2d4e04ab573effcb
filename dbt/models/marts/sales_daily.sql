{% set moved = "days_whose_flags_moved('int_sales__flagged_daily', 'day, currency', 'net')" -%}
{{ touched_model("days", also="{{ " ~ moved ~ " }}") }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "days", ["order_day"]) }}
),

placed as (
    select * from {{ ref("int_orders__priced") }}
),

refunds as (
    {{ touched_rows(ref("stg_refunds"), "days", ["refund_day"]) }}
),

flagged as (
    select * from {{ ref("int_sales__flagged_daily") }}
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
),

summed as (
    select
        day,
        currency,
        sum(orders) as orders,
        sum(gross) as gross,
        sum(discounts) as discounts,
        sum(refunds) as refunds,
        sum(shipping) as shipping,
        sum(refunds_unsold) as refunds_unsold
    from movements
    group by day, currency
)

select
    summed.day,
    summed.currency,
    cast(summed.orders as integer) as orders,
    cast(summed.gross as numeric(18, 2)) as gross,
    cast(summed.discounts as numeric(18, 2)) as discounts,
    cast(summed.refunds as numeric(18, 2)) as refunds,
    cast(summed.gross - summed.discounts - summed.refunds as numeric(18, 2)) as net,
    cast(summed.shipping as numeric(18, 2)) as shipping,
    cast(summed.refunds_unsold as numeric(18, 2)) as refunds_unsold,
    cast(coalesce(flagged.orders, 0) as integer) as flagged_orders,
    cast(coalesce(flagged.net, 0) as numeric(18, 2)) as flagged_net
from summed
left join flagged
    on summed.day = flagged.day and summed.currency = flagged.currency
