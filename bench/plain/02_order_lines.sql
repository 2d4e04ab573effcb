create table order_lines as
with versions as (
    select *, row_number() over (partition by order_id, line_no order by _version desc) as nth
    from raw.order_lines
)
select
    order_id,
    line_no,
    product_id,
    seller_id,
    quantity,
    round(quantity * unit_price, 2) as amount,
    round(coalesce(discount, 0), 2) as discount
from versions
where nth = 1 and quantity > 0
