{{ touched_model("parcels", indexes=[["source", "delivery_id"], ["source", "order_id"]]) }}

with deliveries as (
    {{ newest(source("raw", "deliveries"), ["delivery_id"], "parcels") }}
)

select
    _source as source,
    delivery_id,
    order_id,
    coalesce(carrier, 'unstated') as carrier,
    coalesce(region, 'unstated') as delivery_region,
    status,
    shipped_at,
    delivered_at
from deliveries
