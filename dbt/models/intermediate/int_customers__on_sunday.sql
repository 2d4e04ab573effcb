{{ touched_model("sunday_customers", indexes=[["customer_key"]]) }}

with sales as (
    {{ touched_rows(ref("int_orders__priced"), "sunday_customers") }}
),

rfm_window as (
    select {{ months_before(week_closed(), "value") }} as day_before
    from {{ ref("rfm_settings") }}
    where setting = 'window_months'
)

select
    sales.customer_key,
    max(sales.order_day) as last_order_date,
    cast(count(*) filter (where sales.order_day > rfm_window.day_before) as integer) as orders_in_window,
    cast(coalesce(
        sum(sales.sold_base - sales.refunded_base) filter (where sales.order_day > rfm_window.day_before),
        0
    ) as numeric(18, 2)) as net_in_window
from sales
cross join rfm_window
where sales.is_sale and sales.order_day <= {{ week_closed() }}
group by sales.customer_key
