with deliveries as (
    select * from {{ ref("int_deliveries") }}
    where is_late is not null
),

parcels as (
    select * from {{ ref("stg_deliveries") }}
),

lines as (
    select * from {{ ref("stg_order_lines") }}
),

-- Of several parcels the one that came last completes the order.
last_parcels as (
    select
        *,
        row_number() over (
            partition by source, order_id
            order by case when delivered_at is null then 1 else 0 end, delivered_at desc, delivery_id desc
        ) as nth_newest
    from parcels
),

sellers as (
    select
        source,
        order_id,
        case when min(seller_id) = max(seller_id) then min(seller_id) else '(several)' end as seller_id
    from lines
    where seller_id is not null
    group by source, order_id
)

select
    deliveries.source,
    deliveries.order_id,
    deliveries.customer_key,
    coalesce(deliveries.delivered_day, deliveries.promised_day) as day,
    coalesce(last_parcels.carrier, 'unstated') as carrier,
    coalesce(last_parcels.delivery_region, 'unstated') as delivery_region,
    coalesce(sellers.seller_id, 'unstated') as seller_id,
    deliveries.is_late,
    deliveries.delivered_day is null as is_undated,
    deliveries.review_score
from deliveries
left join last_parcels
    on
        deliveries.source = last_parcels.source
        and deliveries.order_id = last_parcels.order_id
        and last_parcels.nth_newest = 1
left join sellers
    on deliveries.source = sellers.source and deliveries.order_id = sellers.order_id
