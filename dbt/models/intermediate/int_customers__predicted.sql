{{ config(materialized="view") }}

with customers as (
    select
        *,
        {{ predicted_on("last_day") }} as predicted_on
    from {{ ref("int_customers__purchases") }}
),

parameters as (
    select * from {{ ref("int_value__parameters") }}
),

expected as (
    select * from {{ ref("int_value__expected") }}
)

select
    customers.customer_key,
    expected.predicted_on,
    judged.p_alive,
    judged.worth,
    {% for days in value_horizons() -%}
        judged.p_alive * expected.orders_{{ days }}d as orders_{{ days }}d,
        judged.p_alive * expected.orders_{{ days }}d * judged.worth as spend_{{ days }}d,
    {% endfor -%}
    expected.next_order_from,
    expected.next_order_date,
    expected.next_order_to
from customers
left join expected
    on
        customers.repeats = expected.repeats
        and customers.first_day = expected.first_day
        and customers.predicted_on = expected.predicted_on
cross join lateral (
    select
        case
            when expected.repeats = 0 then 1
            when expected.repeats > 0 then {{ p_alive() }}
        end as p_alive,
        parameters.p * (parameters.gamma + greatest(customers.repeat_spend, 0))
        / (parameters.p * customers.known_repeats + parameters.q - 1) as worth
    from parameters
    {{ computed_once() }}
) as judged
