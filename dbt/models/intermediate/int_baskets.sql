{{ touched_model("basket_orders", indexes=[["source", "order_id"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "basket_orders") }}
),

products_of_orders as (
    select distinct
        source,
        order_id,
        order_day,
        product_id,
        category
    from lines
    where
        order_day > {{ days_before(week_closed(), setting("basket_rules", "window_days")) }}
        and order_day <= {{ week_closed() }}
),

sized as (
    select
        *,
        count(*) over (partition by source, order_id) as basket_products,
        row_number() over (partition by source, order_id order by product_id) as place
    from products_of_orders
)

select
    source,
    order_id,
    order_day,
    product_id,
    category,
    cast(place as integer) as place
from sized
where basket_products <= {{ setting("basket_rules", "max_basket_products") }}
