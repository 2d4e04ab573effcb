with lines as (
    select * from {{ ref("int_order_lines__priced") }}
),

orders as (
    select * from {{ ref("stg_orders") }}
),

priced as (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
),

payments as (
    select * from {{ ref("stg_payments") }}
),

day_parts as (
    select * from {{ ref("day_parts") }}
),

moments as (
    select
        priced.customer_key,
        priced.channel,
        extract(isodow from priced.order_day) as weekday,
        extract(hour from orders.ordered_at at time zone '{{ var("time_zone") }}') as hour
    from priced
    inner join orders
        on priced.source = orders.source and priced.order_id = orders.order_id
),

choices as (
    select
        customer_key,
        'category' as dimension,
        category as choice
    from lines
    where category <> '(none)'
    union all
    select
        customer_key,
        'channel' as dimension,
        channel as choice
    from moments
    where channel is not null
    union all
    select
        customer_key,
        'weekday' as dimension,
        cast(weekday as text) as choice
    from moments
    union all
    select
        moments.customer_key,
        'day_part' as dimension,
        day_parts.day_part as choice
    from moments
    inner join day_parts
        on moments.hour between day_parts.from_hour and day_parts.to_hour
    union all
    select
        priced.customer_key,
        'payment' as dimension,
        payments.method as choice
    from priced
    inner join payments
        on priced.source = payments.source and priced.order_id = payments.order_id
)

select
    customer_key,
    dimension,
    choice,
    cast(count(*) as integer) as n,
    cast(sum(count(*)) over (partition by customer_key, dimension) as integer) as total,
    cast(
        row_number() over (partition by customer_key, dimension order by count(*) desc, choice asc) as integer
    ) as place
from choices
group by customer_key, dimension, choice
