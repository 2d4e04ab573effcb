{{ touched_model("shipped_orders", indexes=[["source", "order_id"], ["week"]]) }}

with deliveries as (
    select *
    from ({{ touched_rows(ref("int_deliveries"), "shipped_orders") }}) as delivered
    where is_late is not null
),

carriers as (
    {{ touched_rows(ref("int_orders__carriers"), "shipped_orders") }}
),

contents as (
    {{ touched_rows(ref("int_orders__contents"), "shipped_orders") }}
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
    {{ period_start("week", "deliveries.day") }} as week,
    deliveries.day,
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
