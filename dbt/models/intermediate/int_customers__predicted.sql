{{ config(materialized="view") }}

with customers as (
    select * from {{ ref("int_customers__purchases") }}
),

parameters as (
    select * from {{ ref("int_value__parameters") }}
),

expected as (
    select * from {{ ref("int_value__expected") }}
),

judged as (
    select
        customers.customer_key,
        expected.orders_90d,
        expected.orders_365d,
        expected.next_order_from,
        expected.next_order_date,
        expected.next_order_to,
        case
            when expected.repeats = 0 then 1
            when expected.repeats > 0 then {{ p_alive() }}
        end as p_alive,
        parameters.p * (parameters.gamma + greatest(customers.repeat_spend, 0))
        / (parameters.p * customers.known_repeats + parameters.q - 1) as worth
    from customers
    cross join parameters
    left join expected
        on customers.repeats = expected.repeats and customers.first_day = expected.first_day
    {{ computed_once() }}
)

select
    customer_key,
    p_alive,
    worth,
    {% for days in value_horizons() -%}
        p_alive * orders_{{ days }}d as orders_{{ days }}d,
        p_alive * orders_{{ days }}d * worth as spend_{{ days }}d,
    {% endfor -%}
    next_order_from,
    next_order_date,
    next_order_to
from judged
