{{ touched_model("buyers", indexes=[["customer_key"], ["source", "product_id"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "buyers") }}
),

bought as (
    select
        customer_key,
        source,
        product_id,
        category,
        count(distinct order_id) as orders,
        count(*) filter (where is_first_of_order) as orders_begun,
        count(*) as lines,
        count(*) filter (where is_discounted) as discounted_lines,
        max(order_day) as last_day
    from lines
    group by customer_key, source, product_id, category
)

select
    customer_key,
    source,
    product_id,
    category,
    cast(orders as integer) as orders,
    cast(orders_begun as integer) as orders_begun,
    cast(lines as integer) as lines,
    cast(discounted_lines as integer) as discounted_lines,
    last_day,
    cast(row_number() over (
        partition by customer_key order by last_day desc, source asc, product_id asc
    ) as integer) as place
from bought
