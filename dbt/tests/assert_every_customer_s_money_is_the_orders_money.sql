-- The customers' net spend adds up to that of the sales, in base currency, to the cent.
with bought as (
    {{ touched_rows(ref("customer_value"), "customers") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

customers as (
    select
        sum(net_spend) as net_spend,
        sum(orders) as orders
    from bought
),

sales as (
    select
        sum(sold_base - refunded_base) as net_spend,
        count(*) as orders
    from orders
    where is_sale
)

select
    customers.net_spend as customers_net_spend,
    sales.net_spend as sales_net_spend
from customers
cross join sales
where
    coalesce(customers.net_spend, 0) <> coalesce(sales.net_spend, 0)
    or coalesce(customers.orders, 0) <> sales.orders
