{{ touched_model("watched_customers", indexes=[["customer_key"]]) }}

with cases as (
    select * from {{ ref("int_feedback__cases") }}
),

days as (
    {{ touched_rows(ref("int_customers__order_days"), "watched_customers") }}
),

delivered as (
    select
        source,
        order_id,
        customer_key,
        delivered_day
    from ({{ touched_rows(ref("int_orders__priced"), "watched_customers") }}) as orders
    where is_sale and status = 'delivered' and delivered_day <= {{ business_date() }}
),

own_cases as (
    {{ rows_of("cases", "delivered", ["source", "order_id"]) }}
),

-- An order's first complaint is the one whose settling is watched.
complained as (
    select
        delivered.source,
        delivered.order_id,
        own_cases.opened_day,
        own_cases.resolved_day,
        row_number() over (
            partition by delivered.source, delivered.order_id
            order by own_cases.opened_day, own_cases.origin, own_cases.case_id
        ) as nth
    from delivered
    inner join own_cases
        on delivered.source = own_cases.source and delivered.order_id = own_cases.order_id
    where
        own_cases.opened_day
        <= {{ days_after("delivered.delivered_day", setting("feedback_rules", "complaint_days")) }}
),

-- All are watched from when it is known if a complaint was settled, so that time to settle favours nobody.
watched as (
    select
        delivered.customer_key,
        delivered.order_id,
        case
            when complained.order_id is null then 'none'
            when
                complained.resolved_day
                <= {{ days_after("complained.opened_day", setting("feedback_rules", "resolve_days")) }}
                then 'resolved'
            else 'unresolved'
        end as complaint,
        {{ days_after(
            "coalesce(complained.opened_day, delivered.delivered_day)", setting("feedback_rules", "resolve_days")
        ) }} as from_day
    from delivered
    left join complained
        on
            delivered.source = complained.source
            and delivered.order_id = complained.order_id
            and complained.nth = 1
),

-- Both sorted by their days, each customer's latest first: what stands before a watched day came after it.
days_and_watched as (
    select
        customer_key,
        order_day as day,
        order_day,
        cast(null as text) as complaint,
        cast(null as text) as order_id
    from days
    union all
    select
        customer_key,
        from_day as day,
        cast(null as date) as order_day,
        complaint,
        order_id
    from watched
    where {{ days_after("from_day", setting("feedback_rules", "repurchase_days")) }} <= {{ business_date() }}
),

passed as (
    select
        *,
        min(order_day) over (partition by customer_key) as first_day,
        min(order_day) over (
            partition by customer_key order by day desc, order_day desc nulls first rows unbounded preceding
        ) as next_day
    from days_and_watched
)

-- Whoever had not bought by then has not come back.
select
    complaint,
    customer_key,
    order_id,
    day as from_day,
    coalesce(
        first_day <= day
        and next_day <= {{ days_after("day", setting("feedback_rules", "repurchase_days")) }},
        false
    ) as came_back
from passed
where complaint is not null
