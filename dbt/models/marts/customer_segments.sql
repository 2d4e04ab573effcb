{{ touched_model("customers") }}

with accounts as (
    {{ touched_rows(ref("stg_customers"), "customers") }}
),

registered as (
    select
        customer_key,
        min(registered_day) as registered_date
    from accounts
    group by customer_key
),

buyers as (
    {{ touched_rows(ref("int_customers__orders"), "customers") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

sales as (
    select
        customer_key,
        order_day,
        row_number() over (partition by customer_key order by order_day) as nth_order,
        {{ days_between("lag(order_day) over (partition by customer_key order by order_day)", "order_day") }}
            as days_since_previous
    from orders
    where is_sale
),

windows as (
    select * from {{ ref("lifecycle_windows") }}
),

people as (
    select
        coalesce(buyers.customer_key, registered.customer_key) as customer_key,
        registered.registered_date,
        buyers.last_order_date,
        coalesce(buyers.orders, 0) as orders,
        coalesce({{ days_between("buyers.last_order_date", business_date()) }}, 0) as days_since_order
    from registered
    full outer join buyers
        on registered.customer_key = buyers.customer_key
),

classed as (
    select
        people.*,
        windows.lifecycle,
        windows.lifecycle_zh,
        windows.min_orders,
        windows.min_days,
        windows.max_days
    from people
    left join windows
        on
            people.orders >= windows.min_orders
            and (people.orders <= windows.max_orders or windows.max_orders is null)
            and people.days_since_order >= windows.min_days
            and (people.days_since_order <= windows.max_days or windows.max_days is null)
),

-- A class that begins with an order began with the one that made enough orders, or that ended an absence.
began as (
    select
        classed.customer_key,
        max(sales.order_day) as order_day
    from classed
    inner join sales
        on classed.customer_key = sales.customer_key
    where
        classed.min_days = 0
        and (sales.nth_order = classed.min_orders or sales.days_since_previous > classed.max_days)
    group by classed.customer_key
)

select
    classed.customer_key,
    classed.lifecycle,
    classed.lifecycle_zh,
    case
        when classed.min_days > 0 then {{ days_after("classed.last_order_date", "classed.min_days") }}
        when classed.orders > 0 then began.order_day
        else classed.registered_date
    end as since,
    classed.orders,
    classed.registered_date,
    classed.last_order_date
from classed
left join began
    on classed.customer_key = began.customer_key
