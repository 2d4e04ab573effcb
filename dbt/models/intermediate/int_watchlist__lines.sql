{{ touched_model("orders", indexes=[["source", "order_id"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "orders") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
)

select
    lines.source,
    lines.order_id,
    lines.line_no,
    lines.product_id,
    coalesce(lines.seller_id, 'unstated') as seller_id,
    lines.category,
    cast(count(*) over (partition by lines.source, lines.order_id) as integer) as order_lines
from lines
inner join orders
    on lines.source = orders.source and lines.order_id = orders.order_id
where orders.status = 'delivered'
