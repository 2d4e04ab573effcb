with deliveries as (
    select * from {{ ref("int_deliveries") }}
    where delivered_day > {{ days_before(business_date(), "greatest("
        ~ setting("survey_rules", "recent_days") ~ ", " ~ setting("survey_rules", "ask_within_days") ~ ")") }}
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
        requests.request_id as answer_id
    from deliveries
    inner join requests
        on deliveries.source = requests.source and deliveries.order_id = requests.order_id
),

answered as (
    {{ rows_of("answers", "asked", ["source", "answer_id"]) }}
),

asked_orders as (
    select
        asked.source,
        asked.order_id,
        bool_or(answered.answer_id is not null) as is_answered
    from asked
    left join answered
        on asked.source = answered.source and asked.answer_id = answered.answer_id
    group by asked.source, asked.order_id
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
    coalesce(deliveries.channel, '(none)') as channel,
    coalesce(customers.value_tier, '(none)') as value_tier,
    segments.lifecycle,
    asked_orders.order_id is not null as is_asked,
    coalesce(asked_orders.is_answered, false) as is_answered
from deliveries
inner join segments
    on deliveries.customer_key = segments.customer_key
left join customers
    on deliveries.customer_key = customers.customer_key
left join asked_orders
    on deliveries.source = asked_orders.source and deliveries.order_id = asked_orders.order_id
