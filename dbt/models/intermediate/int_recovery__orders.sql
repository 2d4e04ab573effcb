{{ config(pre_hook="{{ touch_who_may_have_come_back() }}") }}
{{ touched_model("watched_orders", indexes=[["source", "order_id"], ["customer_key"]]) }}

with cases as (
    select * from {{ ref("int_feedback__cases") }}
),

days as (
    select * from {{ ref("int_customers__order_days") }}
),

delivered as (
    select
        source,
        order_id,
        customer_key,
        delivered_day
    from ({{ touched_rows(ref("int_orders__priced"), "watched_orders") }}) as orders
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
        delivered.source,
        delivered.order_id,
        delivered.customer_key,
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

terms as (
    select
        *,
        {{ days_after("from_day", setting("feedback_rules", "repurchase_days")) }} as to_day
    from watched
)

-- Whoever had not bought by then has not come back.
select
    terms.source,
    terms.order_id,
    terms.customer_key,
    terms.complaint,
    terms.from_day,
    coalesce(last_before.next_order_day <= terms.to_day, false) as came_back
from terms
left join lateral (
    select days.next_order_day
    from days
    where days.customer_key = terms.customer_key and days.order_day <= terms.from_day
    order by days.order_day desc
    limit 1
) as last_before on true
where terms.to_day <= {{ business_date() }}
