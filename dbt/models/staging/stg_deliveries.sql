with deliveries as (
    {{ newest(source("raw", "deliveries"), ["delivery_id"]) }}
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
