{{ config(materialized="view") }}

with sales as (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
)

select
    customer_key,
    order_day as day,
    cast(count(*) as integer) as orders,
    -- Of a day with an order that nobody can convert, the worth is not known: a part would be too little.
    cast(case when count(*) = count(rate) then sum(sold_base - refunded_base) end as numeric(18, 2)) as spend
from sales
group by customer_key, order_day
