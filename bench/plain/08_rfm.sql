create table rfm as
select
    customer_key,
    1 + cast(floor(5 * (rank() over (order by last_order_date) - 1) / count(*) over ()) as integer) as recency_score,
    1 + cast(floor(5 * (rank() over (order by orders_in_window) - 1) / count(*) over ()) as integer) as frequency_score,
    1 + cast(floor(5 * (rank() over (order by net_in_window) - 1) / count(*) over ()) as integer) as monetary_score
from customer_orders
where orders_in_window > 0
