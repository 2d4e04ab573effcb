with rings as (
    select * from {{ ref("int_fraud__rings") }}
),

orders as (
    select
        source,
        order_id,
        customer_key,
        coupon_code,
        ordered_at
    from {{ ref("int_orders__priced") }}
    where coupon_code is not null and status <> 'cancelled'
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

-- A person counts once a coupon, at the first use.
uses as (
    select
        rings.ring,
        orders.source,
        orders.coupon_code,
        orders.customer_key,
        min(orders.ordered_at) as used_at
    from orders
    inner join rings
        on orders.customer_key = rings.customer_key
    group by rings.ring, orders.source, orders.coupon_code, orders.customer_key
),

counted as (
    select
        *,
        count(*) over (
            partition by ring, source, coupon_code
            order by used_at {{ within_hours("coupon_ring", "before") }}
        ) as people_before
    from uses
),

densest as (
    select
        *,
        max(people_before) over (
            partition by ring, source, coupon_code
            order by used_at {{ within_hours("coupon_ring", "after") }}
        ) as people_within
    from counted
)

select
    orders.source,
    orders.order_id,
    orders.customer_key,
    min(densest.ring) as ring,
    cast(max(densest.people_within) as integer) as people_within
from densest
inner join orders
    on
        densest.source = orders.source
        and densest.coupon_code = orders.coupon_code
        and densest.customer_key = orders.customer_key
where densest.people_within >= {{ fraud_limit("coupon_ring", "min_count") }}
group by orders.source, orders.order_id, orders.customer_key
