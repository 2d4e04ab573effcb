{{ touched_view("customers") }}

with customers as (
    select * from {{ ref("base_customers__totals") }}
),

parameters as (
    select * from {{ ref("base_value__parameters") }}
),

expected as (
    select * from {{ ref("base_value__expected") }}
),

judged as (
    select
        customers.*,
        expected.orders_90d as orders_90d_alive,
        expected.orders_365d as orders_365d_alive,
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
)

select
    customer_key,
    orders,
    units,
    gross,
    discounts,
    refunds,
    net_spend,
    unconverted_orders,
    first_order_date,
    last_order_date,
    orders_in_window,
    net_in_window,
    first_day,
    last_day,
    repeats,
    known_repeats,
    repeat_spend,
    mean_days_between,
    median_days_between,
    p_alive,
    worth,
    {% for days in value_horizons() -%}
        p_alive * orders_{{ days }}d_alive as orders_{{ days }}d,
        p_alive * orders_{{ days }}d_alive * worth as spend_{{ days }}d,
    {% endfor -%}
    next_order_from,
    next_order_date,
    next_order_to
from judged
