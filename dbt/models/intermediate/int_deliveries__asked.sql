with deliveries as (
    select * from {{ ref("int_deliveries") }}
    where delivered_day > {{ days_before(business_date(), "greatest("
        ~ setting("survey_rules", "recent_days") ~ ", " ~ setting("survey_rules", "ask_within_days") ~ ")") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

customers as (
    select * from {{ ref("customer_value") }}
),

segments as (
    select * from {{ ref("customer_segments") }}
),

requests as (
    select * from {{ ref("stg_survey_requests") }}
),

answers as (
    select * from {{ ref("int_answers") }}
    where metric <> 'review'
),

asked as (
    select
        requests.source,
        requests.order_id,
        bool_or(answers.answer_id is not null) as is_answered
    from deliveries
    inner join requests
        on deliveries.source = requests.source and deliveries.order_id = requests.order_id
    left join answers
        on requests.source = answers.source and requests.request_id = answers.answer_id
    group by requests.source, requests.order_id
)

select
    deliveries.source,
    deliveries.order_id,
    deliveries.customer_key,
    deliveries.delivered_day,
    case
        when deliveries.is_late then 'late'
        when deliveries.is_late is null then 'no promise'
        else 'on time'
    end as punctuality,
    coalesce(orders.channel, '(none)') as channel,
    coalesce(customers.value_tier, '(none)') as value_tier,
    segments.lifecycle,
    asked.order_id is not null as is_asked,
    coalesce(asked.is_answered, false) as is_answered
from deliveries
inner join orders
    on deliveries.source = orders.source and deliveries.order_id = orders.order_id
inner join segments
    on deliveries.customer_key = segments.customer_key
left join customers
    on deliveries.customer_key = customers.customer_key
left join asked
    on deliveries.source = asked.source and deliveries.order_id = asked.order_id
