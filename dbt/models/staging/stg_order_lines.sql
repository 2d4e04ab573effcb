with order_lines as (
    {{ newest(source("raw", "order_lines"), ["order_id", "line_no"]) }}
)

select
    _source as source,
    order_id,
    line_no,
    product_id,
    seller_id,
    quantity,
    unit_price,
    cast(round(quantity * unit_price, 2) as numeric(18, 2)) as amount,
    cast(round(coalesce(discount, 0), 2) as numeric(18, 2)) as discount,
    cast(round(coalesce(shipping, 0), 2) as numeric(18, 2)) as shipping
from order_lines
-- A line of no units was cancelled. Its older versions do not come back: the newest one was taken first.
where quantity > 0
