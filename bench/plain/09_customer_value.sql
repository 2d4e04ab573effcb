create table customer_value as
select
    customer_orders.*,
    coalesce(rfm.recency_score, 1) as recency_score,
    coalesce(rfm.frequency_score, 1) as frequency_score,
    coalesce(rfm.monetary_score, 1) as monetary_score
from customer_orders
left join rfm on rfm.customer_key = customer_orders.customer_key
