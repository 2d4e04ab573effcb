with deliveries as (
    select * from {{ ref("int_deliveries") }}
    where is_late is not null
),

carriers as (
    select * from {{ ref("int_orders__carriers") }}
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

sellers as (
    select
        source,
        order_id,
        case when min(seller_id) = max(seller_id) then min(seller_id) else '(several)' end as seller_id
    from contents
    where seller_id <> '(none)'
    group by source, order_id
)

select
    deliveries.source,
    deliveries.order_id,
    deliveries.customer_key,
    coalesce(deliveries.delivered_day, deliveries.promised_day) as day,
    coalesce(carriers.carrier, 'unstated') as carrier,
    coalesce(carriers.delivery_region, 'unstated') as delivery_region,
    coalesce(sellers.seller_id, 'unstated') as seller_id,
    deliveries.is_late,
    deliveries.delivered_day is null as is_undated,
    deliveries.review_score
from deliveries
left join carriers
    on deliveries.source = carriers.source and deliveries.order_id = carriers.order_id
left join sellers
    on deliveries.source = sellers.source and deliveries.order_id = sellers.order_id
