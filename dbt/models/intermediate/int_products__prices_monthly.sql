{{ touched_model("sale_months", indexes=[["month"]]) }}

with lines as (
    {{ rows_of_touched_months(ref("int_order_lines__priced"), "sale_months", "order_day") }}
)

select
    {{ period_start("month", "order_day") }} as month,
    source,
    product_id,
    category,
    sum(quantity) as quantity,
    sum(unit_price_base * quantity) as worth
from lines
where unit_price_base is not null and order_day <= {{ week_closed() }}
group by {{ period_start("month", "order_day") }}, source, product_id, category
