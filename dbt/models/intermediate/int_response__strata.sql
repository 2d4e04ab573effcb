with deliveries as (
    select * from {{ ref("int_deliveries") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

customers as (
    select * from {{ ref("customer_value") }}
),

answers as (
    select * from {{ ref("int_answers") }}
    where score is not null and judges_order
),

settings as (
    select
        {{ setting("satisfaction_settings", "weight_days") }} as weight_days,
        {{ setting("satisfaction_settings", "answer_days") }} as answer_days
),

answered as (
    select distinct
        source,
        order_id,
        case metric when 'review' then 'review' else 'survey' end as kind
    from answers
),

described as (
    select
        deliveries.source,
        deliveries.order_id,
        deliveries.delivered_day,
        case
            when deliveries.is_late then 'late'
            when deliveries.is_late is null then 'no promise'
            else 'on time'
        end as punctuality,
        case
            when deliveries.review_score is null then 'no review'
            else 'review of ' || deliveries.review_score
        end as reviewed,
        coalesce(customers.value_tier, '(none)') || ', ' || coalesce(orders.channel, '(none)') as standing
    from deliveries
    inner join orders
        on deliveries.source = orders.source and deliveries.order_id = orders.order_id
    left join customers
        on deliveries.customer_key = customers.customer_key
)

-- Reviews cannot be weighted by what they say themselves.
select
    described.source,
    described.order_id,
    kinds.kind,
    described.punctuality,
    case kinds.kind
        when 'review' then described.punctuality
        else described.punctuality || ', ' || described.reviewed
    end as experience,
    described.standing,
    coalesce(
        described.delivered_day > {{ days_after(business_date(), "-settings.weight_days") }}
        and described.delivered_day <= {{ days_after(business_date(), "-settings.answer_days") }},
        false
    ) as is_base,
    answered.kind is not null as is_answered
from described
cross join settings
cross join (values ('survey'), ('review')) as kinds (kind)
left join answered
    on
        described.source = answered.source
        and described.order_id = answered.order_id
        and kinds.kind = answered.kind
