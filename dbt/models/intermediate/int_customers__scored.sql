{{ config(materialized="view") }}

with customers as (
    select
        *,
        {{ days_between("date '1970-01-01'", "last_order_date") }} as recency_day
    from {{ ref("int_customers__orders") }}
),

thresholds as (
    select {{ rfm_thresholds_as_columns() }}
    from {{ ref("int_rfm__thresholds") }}
),

predicted as (
    select * from {{ ref("int_customers__predicted") }}
),

flagged as (
    select * from {{ ref("int_customers__flagged") }}
)

select
    customers.customer_key,
    {{ rfm_score("customers.recency_day", "recency") }} as recency_score,
    {{ rfm_score("customers.orders_in_window", "frequency") }} as frequency_score,
    {{ rfm_score("customers.net_in_window", "monetary") }} as monetary_score,
    cast(coalesce(flagged.orders, 0) as integer) as flagged_orders,
    cast(coalesce(flagged.net_base, 0) as numeric(18, 2)) as flagged_net,
    predicted.predicted_on,
    predicted.p_alive,
    predicted.orders_90d as expected_orders_90d,
    predicted.orders_365d as expected_orders_365d,
    cast(predicted.worth as numeric(18, 2)) as expected_order_value,
    cast(predicted.spend_90d as numeric(18, 2)) as expected_spend_90d,
    cast(predicted.spend_365d as numeric(18, 2)) as expected_spend_365d,
    predicted.next_order_date,
    predicted.next_order_from,
    predicted.next_order_to
from customers
cross join thresholds
left join predicted
    on customers.customer_key = predicted.customer_key
left join flagged
    on customers.customer_key = flagged.customer_key
