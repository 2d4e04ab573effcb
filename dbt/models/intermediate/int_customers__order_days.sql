{{ config(pre_hook="{{ keep_order_days() }}", post_hook="{{ note_turned_order_days() }}") }}
{{ touched_model("buyers", indexes=[["customer_key", "order_day"], ["order_day"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "buyers") }}
),

windows as (
    select min(min_days) as absent_from
    from {{ ref("lifecycle_windows") }}
    where min_days > 0
),

hysteresis as (
    select
        max(value) filter (where rule = 'quick_days') as quick_days,
        max(value) filter (where rule = 'grace_days') as grace_days
    from {{ ref("lifecycle_hysteresis") }}
),

order_days as (
    select
        customer_key,
        order_day,
        count(*) as orders,
        count(*) - count(rate) as unconverted_orders,
        coalesce(sum(sold_base - refunded_base), 0) as net_base
    from orders
    where is_sale
    group by customer_key, order_day
),

counted as (
    select
        *,
        row_number() over by_day as nth_day,
        first_value(order_day) over by_day as first_order_day,
        sum(orders) over by_day as orders_so_far,
        lead(order_day) over by_day as next_order_day,
        {{ days_between("lag(order_day) over by_day", "order_day") }} as days_since_previous
    from order_days
    window by_day as (partition by customer_key order by order_day)
),

-- The newest gap that was long or quick decides; those between leave a buyer as they were.
decided as (
    select
        counted.*,
        hysteresis.grace_days,
        max(counted.order_day) filter (where counted.days_since_previous >= windows.absent_from) over by_day
            as last_long,
        max(counted.order_day) filter (where counted.days_since_previous <= hysteresis.quick_days) over by_day
            as last_quick
    from counted
    cross join windows
    cross join hysteresis
    window by_day as (partition by counted.customer_key order by counted.order_day)
)

select
    customer_key,
    order_day,
    cast(nth_day as integer) as nth_day,
    first_order_day,
    cast(orders as integer) as orders,
    cast(orders_so_far as integer) as orders_so_far,
    cast(unconverted_orders as integer) as unconverted_orders,
    cast(net_base as numeric(18, 2)) as net_base,
    next_order_day,
    days_since_previous,
    case when last_long > coalesce(last_quick, {{ days_after("last_long", -1) }}) then grace_days else 0 end
        as grace_days
from decided
