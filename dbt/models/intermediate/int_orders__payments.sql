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

paid as (
    select
        source,
        order_id,
        method,
        currency,
        count(*) as payments,
        sum(amount) as amount,
        count(*) over (partition by source, order_id) as ways
    from payments
    group by source, order_id, method, currency
)

-- A sale of which no payment is known has a row too: a mix without it would not add up to the sales.
select
    sales.source,
    sales.order_id,
    sales.customer_key,
    sales.order_day,
    coalesce(paid.method, '(none)') as method,
    coalesce(paid.currency, sales.currency) as currency,
    cast(coalesce(paid.payments, 0) as integer) as payments,
    cast(coalesce(paid.amount, 0) as numeric(18, 2)) as amount,
    cast(case
        when paid.method is null then 0
        when paid.currency = '{{ var("base_currency") }}' then paid.amount
        when paid.currency = sales.currency then round(paid.amount * sales.rate, 2)
    end as numeric(18, 2)) as amount_base,
    coalesce(paid.ways > 1, false) as is_split
from sales
left join paid
    on sales.source = paid.source and sales.order_id = paid.order_id
