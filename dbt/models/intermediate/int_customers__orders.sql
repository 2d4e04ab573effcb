{{ touched_model("customers", indexes=[["customer_key"], ["last_order_date"]]) }}

with sales as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

rfm_window as (
    select {{ months_before(business_date(), "value") }} as day_before
    from {{ ref("rfm_settings") }}
    where setting = 'window_months'
)

select
    sales.customer_key,
    cast(count(*) as integer) as orders,
    cast(count(*) filter (where sales.rate is null) as integer) as unconverted_orders,
    cast(sum(sales.units) as bigint) as units,
    cast(coalesce(sum(sales.gross_base), 0) as numeric(18, 2)) as gross_base,
    cast(coalesce(sum(sales.sold_base), 0) as numeric(18, 2)) as sold_base,
    cast(coalesce(sum(sales.refunded_base), 0) as numeric(18, 2)) as refunded_base,
    min(sales.order_day) as first_order_date,
    max(sales.order_day) as last_order_date,
    cast(count(*) filter (where sales.order_day > rfm_window.day_before) as integer) as orders_in_window,
    cast(coalesce(
        sum(sales.sold_base - sales.refunded_base) filter (where sales.order_day > rfm_window.day_before),
        0
    ) as numeric(18, 2)) as net_in_window
from sales
cross join rfm_window
where sales.is_sale
group by sales.customer_key
