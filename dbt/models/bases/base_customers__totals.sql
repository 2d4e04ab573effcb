{{ touched_model("customers") }}

with customers as (
    {{ touched_rows(ref("int_customers__orders"), "customers") }}
),

purchases as (
    {{ touched_rows(ref("int_customers__purchases"), "customers") }}
)

select
    customers.customer_key,
    customers.orders,
    customers.units,
    customers.gross_base as gross,
    cast(customers.gross_base - customers.sold_base as numeric(18, 2)) as discounts,
    customers.refunded_base as refunds,
    cast(customers.sold_base - customers.refunded_base as numeric(18, 2)) as net_spend,
    customers.unconverted_orders,
    customers.first_order_date,
    customers.last_order_date,
    customers.orders_in_window,
    customers.net_in_window,
    purchases.first_day,
    purchases.last_day,
    purchases.repeats,
    purchases.known_repeats,
    purchases.repeat_spend,
    cast(
        {{ days_between("purchases.first_day", "purchases.last_day") }}
        / nullif(cast(purchases.repeats as numeric), 0)
        as numeric(10, 1)
    ) as mean_days_between,
    purchases.median_days_between
from customers
left join purchases
    on customers.customer_key = purchases.customer_key
