{{ config(pre_hook="{{ keep_touched_rows() }}", post_hook="{{ note_retold_orders() }}") }}
{{ touched_model("orders", indexes=[["source", "order_id"], ["source", "product_id"]]) }}

with lines as (
    {{ touched_rows(ref("stg_order_lines"), "orders") }}
),

products as (
    select * from {{ ref("stg_products") }}
),

contents as (
    select distinct
        lines.source,
        lines.order_id,
        coalesce(products.category, '(none)') as category,
        lines.product_id,
        coalesce(lines.seller_id, '(none)') as seller_id
    from lines
    left join products
        on lines.source = products.source and lines.product_id = products.product_id
)

-- Whoever counts an order once a product, category or seller takes the first row of each. A product has one
-- category, which stands before it here so that one order of rows tells both.
select
    source,
    order_id,
    product_id,
    category,
    seller_id,
    row_number() over (partition by source, order_id, category, product_id order by seller_id) = 1
        as is_first_of_product,
    row_number() over (partition by source, order_id, category order by product_id, seller_id) = 1
        as is_first_of_category,
    row_number() over (partition by source, order_id, seller_id order by product_id) = 1
        as is_first_of_seller
from contents
