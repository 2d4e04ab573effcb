with customers as {{ inlined() }} (
    select * from {{ ref("int_customers__orders") }}
    where orders_in_window > 0
),

histogram as (
    select
        'recency' as dimension,
        cast({{ days_between("date '1970-01-01'", "last_order_date") }} as numeric) as value,
        count(*) as people
    from customers
    group by last_order_date
    union all
    select
        'frequency' as dimension,
        cast(orders_in_window as numeric) as value,
        count(*) as people
    from customers
    group by orders_in_window
    union all
    select
        'monetary' as dimension,
        net_in_window as value,
        count(*) as people
    from customers
    group by net_in_window
),

ranked as (
    select
        dimension,
        value,
        sum(people) over (partition by dimension order by value) - people as people_below,
        sum(people) over (partition by dimension) as all_people
    from histogram
),

scored as (
    select
        dimension,
        value,
        1 + cast(floor(5 * people_below / all_people) as integer) as score
    from ranked
)

select
    dimension,
    score,
    min(value) as from_value
from scored
group by dimension, score
