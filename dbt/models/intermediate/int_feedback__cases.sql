{{ touched_model("cases", indexes=[["source", "case_id"], ["source", "order_id"], ["opened_day"]]) }}

with voices as (
    {{ touched_rows(ref("int_feedback__voices"), "cases") }}
),

tickets as (
    {{ touched_rows(ref("after_sales_tickets"), "cases", ["source", "ticket_id"]) }}
),

all_tickets as (
    select * from {{ ref("after_sales_tickets") }}
),

reviews as (
    {{ touched_rows(ref("stg_reviews"), "cases", ["source", "review_id"]) }}
),

topics as (
    select * from {{ ref("feedback_topics") }}
),

replies as (
    select
        source,
        review_id,
        min({{ local_day("answered_at") }}) as replied_day
    from reviews
    where {{ local_day("answered_at") }} <= {{ business_date() }}
    group by source, review_id
),

cases as (
    select
        voices.source,
        voices.origin,
        voices.case_id,
        voices.order_id,
        voices.customer_key,
        voices.class,
        voices.level,
        voices.opened_day,
        replies.replied_day as own_day
    from voices
    left join replies
        on voices.source = replies.source and voices.case_id = replies.review_id and voices.origin = 'review'
    union all
    select
        tickets.source,
        'ticket' as origin,
        tickets.ticket_id as case_id,
        tickets.order_id,
        tickets.customer_key,
        coalesce(topics.class, 'other') as class,
        tickets.priority as level,
        tickets.opened_day,
        tickets.resolved_day as own_day
    from tickets
    left join topics
        on topics.origin = 'ticket' and tickets.class = topics.topic
    where tickets.kind <> 'question'
),

tickets_of_orders as (
    {{ rows_of("all_tickets", "voices", ["source", "order_id"]) }}
),

-- What a customer says elsewhere of an order is settled when the desk settles a case of it afterwards.
settled as (
    select
        voices.source,
        voices.origin,
        voices.case_id,
        min(tickets_of_orders.resolved_day) as settled_day
    from voices
    inner join tickets_of_orders
        on
            voices.source = tickets_of_orders.source
            and voices.order_id = tickets_of_orders.order_id
            and voices.opened_day <= tickets_of_orders.resolved_day
    where tickets_of_orders.kind <> 'question'
    group by voices.source, voices.origin, voices.case_id
)

select
    cases.source,
    cases.origin,
    cases.case_id,
    cases.order_id,
    cases.customer_key,
    cases.class,
    cases.level,
    cases.opened_day,
    least(cases.own_day, settled.settled_day) as resolved_day
from cases
left join settled
    on
        cases.source = settled.source
        and cases.origin = settled.origin
        and cases.case_id = settled.case_id
