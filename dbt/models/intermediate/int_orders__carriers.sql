{{ touched_model("shipped_orders", indexes=[["source", "order_id"]]) }}

with parcels as (
    {{ touched_rows(ref("stg_deliveries"), "shipped_orders") }}
),

-- Of several parcels the one that came last completes the order.
numbered as (
    select
        *,
        row_number() over (
            partition by source, order_id
            order by
                case when delivered_at is null then 1 else 0 end asc,
                delivered_at desc,
                delivery_id desc
        ) as nth_newest
    from parcels
)

select
    source,
    order_id,
    carrier,
    delivery_region
from numbered
where nth_newest = 1
