{{ touched_model("customers", indexes=[["customer_key"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

lines as (
    {{ touched_rows(ref("stg_order_lines"), "customer_orders") }}
),

sellers as (
    select distinct
        source,
        order_id,
        seller_id
    from lines
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

placed as (
    select
        orders.source,
        orders.order_id,
        orders.customer_key,
        orders.ordered_at,
        sellers.seller_id,
        count(*) over (
            partition by orders.customer_key, orders.source, sellers.seller_id
            order by orders.ordered_at {{ within_hours("brushing_burst", "before") }}
        ) as orders_before
    from orders
    inner join sellers
        on orders.source = sellers.source and orders.order_id = sellers.order_id
    where orders.status <> 'cancelled'
),

-- An order lies in the densest of the windows that end with it or with a later order of its hour.
densest as (
    select
        *,
        max(orders_before) over (
            partition by customer_key, source, seller_id
            order by ordered_at {{ within_hours("brushing_burst", "after") }}
        ) as orders_within
    from placed
)

select
    source,
    order_id,
    customer_key,
    cast(max(orders_within) as integer) as orders_within
from densest
where orders_within >= {{ fraud_limit("brushing_burst", "min_count") }}
group by source, order_id, customer_key
