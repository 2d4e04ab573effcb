create table customer_days as
select
    customer_key,
    order_day,
    count(*) as orders,
    count(*) - count(rate) as unconverted_orders,
    sum(units) as units,
    sum(gross_base) as gross_base,
    sum(sold_base) as sold_base,
    sum(refunded_base) as refunded_base
from order_money
where is_sale
group by customer_key, order_day
