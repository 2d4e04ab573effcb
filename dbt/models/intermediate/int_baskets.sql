with lines as (
    select * from {{ ref("int_order_lines__priced") }}
    where order_day > {{ days_after(business_date(), "-" ~ setting("basket_rules", "window_days")) }}
),

products_of_orders as (
    select distinct
        source,
        order_id,
        order_day,
        product_id,
        category
    from lines
),

sized as (
    select
        *,
        count(*) over (partition by source, order_id) as basket_products
    from products_of_orders
),

kept as (
    select * from sized
    where basket_products <= {{ setting("basket_rules", "max_basket_products") }}
),

popular as (
    select
        source,
        product_id,
        count(*) as baskets,
        max(order_day) as last_day,
        row_number() over (order by count(*) desc, source asc, product_id asc) as place
    from kept
    group by source, product_id
)

select
    kept.source,
    kept.order_id,
    kept.product_id,
    kept.category,
    cast(popular.baskets as integer) as baskets,
    popular.last_day,
    popular.place <= {{ setting("basket_rules", "max_products") }} as is_popular
from kept
inner join popular
    on kept.source = popular.source and kept.product_id = popular.product_id
