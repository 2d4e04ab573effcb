create table customer_orders as
with marked as (
    select
        *,
        order_day > cast(cast('{day}' as date) - interval '12 months' as date) as in_window,
        order_day - lag(order_day) over (partition by customer_key order by order_day) as days_between
    from customer_days
)
select
    customer_key,
    sum(orders) as orders,
    sum(units) as units,
    sum(unconverted_orders) as unconverted_orders,
    coalesce(sum(gross_base), 0) as gross,
    coalesce(sum(gross_base), 0) - coalesce(sum(sold_base), 0) as discounts,
    coalesce(sum(sold_base), 0) - coalesce(sum(refunded_base), 0) as net_spend,
    coalesce(sum(refunded_base), 0) as refunds,
    min(order_day) as first_order_date,
    max(order_day) as last_order_date,
    count(*) as purchase_days,
    percentile_cont(0.5) within group (order by days_between) as median_days_between,
    coalesce(sum(case when in_window then orders end), 0) as orders_in_window,
    coalesce(sum(case when in_window then sold_base - refunded_base end), 0) as net_in_window
from marked
group by customer_key
