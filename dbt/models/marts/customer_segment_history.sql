{{ touched_model("buyers", also="{{ classes_that_turned() }}") }}
-- Whose class turned is told by it: depends_on: {{ ref("lifecycle_hysteresis") }}

with order_days as (
    {{ touched_rows(ref("int_customers__order_days"), "buyers") }}
),

windows as (
    select * from {{ ref("lifecycle_windows") }}
),

accounts as (
    {{ touched_rows(ref("stg_customers"), "buyers") }}
),

registered as (
    select
        customer_key,
        min(registered_day) as registered_date
    from accounts
    where registered_day <= {{ business_date() }}
    group by customer_key
),

-- Before the first sale by the registration; from each day with sales on by the classes of that many sales.
began as (
    select
        registered.customer_key,
        windows.lifecycle,
        windows.lifecycle_zh,
        registered.registered_date as begins,
        order_days.order_day as ends
    from registered
    inner join windows
        on windows.min_orders = 0
    left join order_days
        on registered.customer_key = order_days.customer_key and order_days.nth_day = 1
    union all
    select
        order_days.customer_key,
        windows.lifecycle,
        windows.lifecycle_zh,
        {{ class_begins("order_days", "windows") }} as begins,
        order_days.next_order_day as ends
    from order_days
    inner join windows
        on
            order_days.orders_so_far >= windows.min_orders
            and windows.min_orders > 0
            and (order_days.orders_so_far <= windows.max_orders or windows.max_orders is null)
),

spells as (
    select
        *,
        lag(lifecycle) over (partition by customer_key order by begins) as previous_lifecycle
    from began
    where begins <= {{ business_date() }} and (begins < ends or ends is null)
)

select
    customer_key,
    lifecycle,
    lifecycle_zh,
    begins as valid_from,
    lead(begins) over (partition by customer_key order by begins) as valid_to,
    previous_lifecycle
from spells
where previous_lifecycle is null or previous_lifecycle <> lifecycle
