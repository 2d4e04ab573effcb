{{ touched_model("sunday_customers", indexes=[["customer_key"]]) }}

with sales as (
    {{ touched_rows(ref("int_orders__priced"), "sunday_customers") }}
),

rfm_window as (
    {{ rfm_window(week_closed()) }}
)

select
    sales.customer_key,
    {{ rfm_columns() }}
from sales
cross join rfm_window
where sales.is_sale and sales.order_day <= {{ week_closed() }}
group by sales.customer_key
