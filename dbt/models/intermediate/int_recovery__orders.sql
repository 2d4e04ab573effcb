{{ touched_model("watched_customers", indexes=[["customer_key"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "watched_customers") }}
),

cases as (
    select * from {{ ref("int_feedback__cases") }}
    where order_id is not null
),

days as (
    {{ touched_rows(ref("int_customers__order_days"), "watched_customers") }}
),

delivered as {{ inlined() }} (
    select
        source,
        order_id,
        customer_key,
        delivered_day
    from orders
    where is_sale and status = 'delivered' and delivered_day <= {{ business_date() }}
),

-- An order's first complaint is the one whose settling is watched.
complained as (
    select
        delivered.source,
        delivered.order_id,
        cases.opened_day,
        cases.resolved_day,
        row_number() over (
            partition by delivered.source, delivered.order_id
            order by cases.opened_day, cases.origin, cases.case_id
        ) as nth
    from delivered
    inner join cases
        on delivered.source = cases.source and delivered.order_id = cases.order_id
    where
        cases.opened_day
        <= {{ days_after("delivered.delivered_day", setting("feedback_rules", "complaint_days")) }}
),

-- Everybody is watched from the day on which it is known whether a complaint was settled, so that the time
-- that settling takes favours nobody.
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
)

-- Of a customer's days the one that was the last by then: the next after it tells whether they came back.
select
    watched.complaint,
    watched.customer_key,
    watched.order_id,
    watched.from_day,
    coalesce(
        days.next_order_day
        <= {{ days_after("watched.from_day", setting("feedback_rules", "repurchase_days")) }},
        false
    ) as came_back
from watched
left join days
    on
        watched.customer_key = days.customer_key
        and watched.from_day >= days.order_day
        and (watched.from_day < days.next_order_day or days.next_order_day is null)
where
    {{ days_after("watched.from_day", setting("feedback_rules", "repurchase_days")) }}
    <= {{ business_date() }}
