{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "buyers") }}
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

counted as (
    select
        source,
        order_id,
        customer_key,
        ordered_at,
        lag(ordered_at, cast({{ fraud_limit("brushing_burst", "min_count") }} as integer) - 1) over (
            partition by customer_key, source order by ordered_at
        ) as earlier
    from orders
    where status <> 'cancelled'
),

-- A burst with one seller is one of the buyer's orders too, and few buyers have any: their sellers alone are
-- looked up.
hasty as (
    select distinct customer_key
    from counted
    where ordered_at - earlier <= {{ hours_of_rule("brushing_burst") }}
),

kept as (
    select counted.*
    from counted
    inner join hasty
        on counted.customer_key = hasty.customer_key
),

sold as (
    {{ looked_up("contents", "kept", ["source", "order_id"]) }}
),

sellers as (
    select
        kept.source,
        kept.order_id,
        kept.customer_key,
        kept.ordered_at,
        sold.seller_id
    from kept
    inner join sold
        on kept.source = sold.source and kept.order_id = sold.order_id
    where sold.is_first_of_seller
),

placed as (
    select
        *,
        count(*) over (
            partition by customer_key, source, seller_id
            order by ordered_at {{ within_hours("brushing_burst", "before") }}
        ) as orders_before
    from sellers
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
