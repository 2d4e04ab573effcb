{{ touched_model("orders", indexes=[["source", "order_id"], ["customer_key"], ["order_day"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
),

sales as (
    select * from orders
    where is_sale
),

payments as (
    {{ touched_rows(ref("stg_payments"), "orders") }}
),

-- A sale of which no payment is known has a row too: a mix without it would not add up to the sales. Payments
-- are added up beside their sales: of sums over touched rows PostgreSQL expects one, and compares all pairs.
paid as (
    select
        sales.source,
        sales.order_id,
        sales.customer_key,
        sales.order_day,
        sales.currency as order_currency,
        sales.rate,
        payments.method,
        payments.currency,
        count(payments.payment_no) as payments,
        sum(payments.amount) as amount,
        count(*) over (partition by sales.source, sales.order_id) as ways
    from sales
    left join payments
        on sales.source = payments.source and sales.order_id = payments.order_id
    group by
        sales.source, sales.order_id, sales.customer_key, sales.order_day, sales.currency, sales.rate,
        payments.method, payments.currency
)

select
    source,
    order_id,
    customer_key,
    order_day,
    coalesce(method, '(none)') as method,
    coalesce(currency, order_currency) as currency,
    cast(payments as integer) as payments,
    cast(coalesce(amount, 0) as numeric(18, 2)) as amount,
    cast(case
        when method is null then 0
        when currency = '{{ var("base_currency") }}' then amount
        when currency = order_currency then round(amount * rate, 2)
    end as numeric(18, 2)) as amount_base,
    ways > 1 as is_split
from paid
