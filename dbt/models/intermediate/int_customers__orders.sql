{{ touched_model("customers", indexes=[["customer_key"], ["last_order_date"]]) }}

with sales as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

rfm_window as (
    {{ rfm_window(business_date()) }}
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
    {{ rfm_columns() }}
from sales
cross join rfm_window
where sales.is_sale
group by sales.customer_key
