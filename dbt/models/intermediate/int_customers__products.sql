{{ touched_model("buyers", indexes=[["customer_key"]]) }}

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
        count(*) as lines,
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
    cast(lines as integer) as lines,
    last_day,
    cast(row_number() over (
        partition by customer_key order by last_day desc, source asc, product_id asc
    ) as integer) as place
from bought
