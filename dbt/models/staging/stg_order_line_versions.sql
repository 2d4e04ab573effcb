with order_lines as (
    {{ versions(source("raw", "order_lines"), ["order_id", "line_no"]) }}
)

select
    _source as source,
    order_id,
    line_no,
    _version as version,
    _business_date as known_day,
    quantity = 0 as is_cancelled,
    quantity * unit_price as amount,
    coalesce(discount, 0) as discount,
    coalesce(shipping, 0) as shipping,
    is_newest
from order_lines
