{{ touched_model("buyers", also="{{ classes_that_turned() }}") }}
-- Whose class turned is told by it: depends_on: {{ ref("lifecycle_hysteresis") }}

with accounts as (
    {{ touched_rows(ref("stg_customers"), "buyers") }}
),

order_days as (
    {{ touched_rows(ref("int_customers__order_days"), "buyers") }}
),

history as (
    {{ touched_rows(ref("customer_segment_history"), "buyers") }}
),

registered as (
    select
        customer_key,
        min(registered_day) filter (where registered_day <= {{ business_date() }}) as registered_date
    from accounts
    group by customer_key
),

buyers as (
    select
        customer_key,
        orders_so_far as orders,
        order_day as last_order_date
    from order_days
    where next_order_day is null
),

standing as (
    select * from history
    where valid_to is null
),

-- Who has no date at all, neither of a sale nor of a registration, is in no history.
undated as (
    select
        lifecycle,
        lifecycle_zh
    from {{ ref("lifecycle_windows") }}
    where min_orders = 0
),

people as (
    select
        coalesce(buyers.customer_key, registered.customer_key) as customer_key,
        coalesce(buyers.orders, 0) as orders,
        registered.registered_date,
        buyers.last_order_date
    from registered
    full outer join buyers
        on registered.customer_key = buyers.customer_key
)

select
    people.customer_key,
    coalesce(standing.lifecycle, undated.lifecycle) as lifecycle,
    coalesce(standing.lifecycle_zh, undated.lifecycle_zh) as lifecycle_zh,
    standing.valid_from as since,
    people.orders,
    people.registered_date,
    people.last_order_date
from people
left join standing
    on people.customer_key = standing.customer_key
cross join undated
