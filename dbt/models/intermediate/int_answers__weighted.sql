with answers as (
    select * from {{ ref("int_answers") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

customers as (
    select * from {{ ref("customer_value") }}
),

strata as (
    select * from {{ ref("int_response__strata") }}
),

weights as (
    select * from {{ ref("int_response__weights") }}
),

promotions as (
    select * from {{ ref("promotion_days") }}
)

-- An answer given before its order counts, but as one about no order.
select
    answers.source,
    answers.answer_id,
    answers.order_id as stated_order_id,
    orders.order_id,
    answers.product_id,
    answers.metric,
    answers.dimension,
    answers.answer_day,
    promotions.day is not null as is_promotion,
    answers.state,
    answers.score,
    orders.channel,
    coalesce(customers.value_tier, '(none)') as value_tier,
    cast(answers.weight * coalesce(weights.weight, 1) as numeric(14, 6)) as weight
from answers
left join orders
    on
        answers.source = orders.source
        and answers.order_id = orders.order_id
        and answers.judges_order
left join customers
    on answers.customer_key = customers.customer_key
left join strata
    on
        orders.source = strata.source
        and orders.order_id = strata.order_id
        and strata.kind = case answers.metric when 'review' then 'review' else 'survey' end
left join weights
    on
        strata.kind = weights.kind
        and strata.experience = weights.experience
        and strata.standing = weights.standing
left join promotions
    on answers.answer_day = promotions.day
