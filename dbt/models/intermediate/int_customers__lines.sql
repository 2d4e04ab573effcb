{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "buyers") }}
)

select
    customer_key,
    cast(count(distinct row(source, order_id)) as integer) as orders,
    cast(count(*) as integer) as lines,
    cast(count(distinct category) filter (where category <> '(none)') as integer) as categories,
    cast(count(*) filter (where is_discounted) as integer) as discounted_lines
from lines
group by customer_key
