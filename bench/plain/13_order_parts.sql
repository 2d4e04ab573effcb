create table order_parts as
with products as (
    select product_id, category
    from (
        select *, row_number() over (partition by product_id order by _version desc) as nth from raw.products
    ) as versions
    where nth = 1
)
select distinct
    order_lines.order_id,
    order_lines.product_id,
    coalesce(products.category, '(none)') as category,
    coalesce(order_lines.seller_id, '(none)') as seller_id
from order_lines
left join products on products.product_id = order_lines.product_id
