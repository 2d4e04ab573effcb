{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with products as (
    {{ touched_rows(ref("int_customers__products"), "buyers") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "buyers") }}
),

payments as (
    {{ touched_rows(ref("int_orders__payments"), "buyers") }}
),

day_parts as (
    select * from {{ ref("day_parts") }}
),

moments as (
    select
        customer_key,
        channel,
        extract(isodow from order_day) as weekday,
        extract(hour from ordered_at at time zone '{{ var("time_zone") }}') as hour
    from orders
    where is_sale
),

choices as (
    select
        customer_key,
        'category' as dimension,
        category as choice,
        lines as times
    from products
    where category <> '(none)'
    union all
    select
        customer_key,
        'channel' as dimension,
        channel as choice,
        1 as times
    from moments
    where channel is not null
    union all
    select
        customer_key,
        'weekday' as dimension,
        cast(weekday as text) as choice,
        1 as times
    from moments
    union all
    select
        moments.customer_key,
        'day_part' as dimension,
        day_parts.day_part as choice,
        1 as times
    from moments
    inner join day_parts
        on moments.hour between day_parts.from_hour and day_parts.to_hour
    union all
    select
        customer_key,
        'payment' as dimension,
        method as choice,
        payments as times
    from payments
    where payments > 0
),

counted as (
    select
        customer_key,
        dimension,
        choice,
        sum(times) as n,
        sum(sum(times)) over (partition by customer_key, dimension) as total,
        row_number() over (partition by customer_key, dimension order by sum(times) desc, choice asc) as place
    from choices
    group by customer_key, dimension, choice
)

-- Of equal choices the first by name.
select
    customer_key,
    {{ first_choice("category") }},
    {{ first_choice("channel") }},
    {{ first_choice("weekday") }},
    {{ first_choice("day_part") }},
    {{ first_choice("payment") }}
from counted
where place = 1
group by customer_key
