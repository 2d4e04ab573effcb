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
),

weighed as (
    select
        strata.source,
        strata.order_id,
        strata.kind,
        weights.weight
    from strata
    inner join weights
        on
            strata.kind = weights.kind
            and strata.experience = weights.experience
            and strata.standing = weights.standing
),

-- Apart, as a join of all answers would put those about no order into one bucket, however many they are.
judged as (
    select
        answers.*,
        orders.order_id as judged_order_id,
        orders.channel,
        weighed.weight as group_weight
    from answers
    inner join orders
        on answers.source = orders.source and answers.order_id = orders.order_id
    left join weighed
        on
            answers.source = weighed.source
            and answers.order_id = weighed.order_id
            and weighed.kind = case answers.metric when 'review' then 'review' else 'survey' end
    where answers.judges_order
    union all
    -- An answer given before its order counts, but as one about no order.
    select
        *,
        null as judged_order_id,
        null as channel,
        null as group_weight
    from answers
    where not judges_order
)

select
    judged.source,
    judged.answer_id,
    judged.order_id as stated_order_id,
    judged.judged_order_id as order_id,
    judged.product_id,
    judged.metric,
    judged.dimension,
    judged.answer_day,
    promotions.day is not null as is_promotion,
    judged.state,
    judged.score,
    judged.channel,
    coalesce(customers.value_tier, '(none)') as value_tier,
    cast(judged.weight * coalesce(judged.group_weight, 1) as numeric(14, 6)) as weight
from judged
left join customers
    on judged.customer_key = customers.customer_key
left join promotions
    on judged.answer_day = promotions.day
