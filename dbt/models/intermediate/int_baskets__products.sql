with baskets as (
    select * from {{ ref("int_baskets") }}
),

products as (
    select
        source,
        product_id,
        category,
        count(*) as baskets,
        max(order_day) as last_day
    from baskets
    group by source, product_id, category
)

select
    source,
    product_id,
    category,
    cast(baskets as integer) as baskets,
    last_day,
    row_number() over (order by baskets desc, source asc, product_id asc)
    <= {{ setting("basket_rules", "max_products") }} as is_popular
from products
