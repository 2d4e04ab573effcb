{{ touched_model("orders", indexes=[["source", "order_id"], ["source", "product_id"]]) }}

with lines as (
    {{ touched_rows(ref("stg_order_lines"), "orders") }}
),

products as (
    select * from {{ ref("stg_products") }}
)

select distinct
    lines.source,
    lines.order_id,
    lines.product_id,
    coalesce(products.category, '(none)') as category,
    coalesce(lines.seller_id, '(none)') as seller_id
from lines
left join products
    on lines.source = products.source and lines.product_id = products.product_id
