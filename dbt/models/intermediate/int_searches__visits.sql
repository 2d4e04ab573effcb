with events as (
    select * from {{ ref("stg_behaviour_events") }}
),

orders as (
    select * from {{ ref("stg_orders") }}
),

priced as (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
),

-- Who signs in during a visit was the one who searched before it.
visitors as (
    select
        source,
        visit_id,
        min(customer_key) as customer_key
    from events
    where customer_key is not null
    group by source, visit_id
),

searched as (
    select
        source,
        visit_id,
        event_day as day,
        term,
        count(*) as searches,
        min(occurred_at) as first_at
    from events
    where action = 'search' and term is not null
    group by source, visit_id, event_day, term
),

sales as (
    select
        priced.customer_key,
        orders.ordered_at
    from priced
    inner join orders
        on priced.source = orders.source and priced.order_id = orders.order_id
),

known as (
    select
        searched.*,
        visitors.customer_key,
        {{ has_elapsed("searched.first_at", setting("demand_rules", "conversion_hours")) }} as has_elapsed
    from searched
    left join visitors
        on searched.source = visitors.source and searched.visit_id = visitors.visit_id
),

-- One pass over sales by customer: a search for each sale, or a sale for each search, would grow with both.
followed as (
    select distinct
        known.source,
        known.visit_id,
        known.day,
        known.term
    from known
    inner join sales
        on
            known.customer_key = sales.customer_key
            and known.first_at <= sales.ordered_at
            and sales.ordered_at
            < known.first_at + {{ setting("demand_rules", "conversion_hours") }} * interval '1 hour'
)

select
    known.source,
    known.visit_id,
    known.day,
    known.term,
    known.customer_key,
    coalesce(known.customer_key, known.source || ' ' || known.visit_id) as visitor,
    cast(known.searches as integer) as searches,
    known.customer_key is not null and known.has_elapsed as is_observed,
    known.has_elapsed and followed.visit_id is not null as is_converted
from known
left join followed
    on
        known.source = followed.source
        and known.visit_id = followed.visit_id
        and known.day = followed.day
        and known.term = followed.term
