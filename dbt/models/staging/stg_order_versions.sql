with orders as (
    {{ versions(source("raw", "orders"), ["order_id"]) }}
)

select
    _source as source,
    order_id,
    _version as version,
    _business_date as known_day,
    {{ local_day("ordered_at") }} as order_day,
    currency,
    status not in ('placed', 'cancelled') as is_sale,
    coalesce(discount, 0) as discount,
    coalesce(shipping, 0) as shipping,
    is_newest
from orders
