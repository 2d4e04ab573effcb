{{ touched_model("customers", indexes=[["customer_key"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "customers") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "customers") }}
),

sales as (
    select * from orders
    where is_sale
),

payments as (
    {{ touched_rows(ref("stg_payments"), "customer_orders") }}
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
    from sales
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
        sales.customer_key,
        'payment' as dimension,
        payments.method as choice
    from sales
    inner join payments
        on sales.source = payments.source and sales.order_id = payments.order_id
),

counted as (
    select
        customer_key,
        dimension,
        choice,
        count(*) as n,
        sum(count(*)) over (partition by customer_key, dimension) as total,
        row_number() over (partition by customer_key, dimension order by count(*) desc, choice asc) as place
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
