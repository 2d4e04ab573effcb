{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with products as (
    {{ touched_rows(ref("int_customers__products"), "buyers") }}
)

select
    customer_key,
    cast(sum(orders_begun) as integer) as orders,
    cast(sum(lines) as integer) as lines,
    cast(count(distinct category) filter (where category <> '(none)') as integer) as categories,
    cast(sum(discounted_lines) as integer) as discounted_lines
from products
group by customer_key
