{{ touched_view("shipped_orders") }}

with orders as (
    select * from {{ ref("int_orders__priced") }}
),

carriers as (
    select * from {{ ref("int_orders__carriers") }}
)

-- Due is what was promised and not called off; it is late from the promised moment, arrived or not.
select
    orders.source,
    orders.order_id,
    orders.promised_day,
    coalesce(carriers.carrier, 'unstated') as carrier,
    case when orders.delivered_at <= orders.promised_at then 0 else 1 end as is_late
from orders
left join carriers
    on orders.source = carriers.source and orders.order_id = carriers.order_id
where
    orders.is_sale
    and orders.promised_at is not null
    -- Delivered, but nobody wrote down when.
    and (orders.status <> 'delivered' or orders.delivered_at is not null)
