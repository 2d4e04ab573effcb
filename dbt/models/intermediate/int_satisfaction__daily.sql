with weighted as (
    select * from {{ ref("int_answers__weighted") }}
    where state <> 'off_scale'
),

-- Multiplied once an answer, and not once for each of its breakdowns and sums.
answers as (
    select
        *,
        weight * weight as weight_sq,
        weight * score as weighted_score,
        weight * score * score as weighted_score_sq,
        weight * weight * score as weight_sq_score,
        weight * weight * score * score as weight_sq_score_sq
    from weighted
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

parts as (
    select distinct
        contents.source,
        contents.order_id,
        contents.product_id,
        kinds.breakdown,
        case kinds.breakdown
            when 'product' then contents.product_id
            when 'category' then contents.category
            else contents.seller_id
        end as subject
    from contents
    inner join answers
        on contents.source = answers.source and contents.order_id = answers.order_id
    cross join (values ('product'), ('category'), ('seller')) as kinds (breakdown)
),

parts_of_orders as (
    select distinct
        source,
        order_id,
        breakdown,
        subject
    from parts
),

labelled as (
    select
        *,
        'all' as breakdown,
        'all' as subject
    from answers
    union all
    select
        *,
        'tier' as breakdown,
        value_tier as subject
    from answers
    union all
    select
        *,
        'channel' as breakdown,
        coalesce(channel, '(none)') as subject
    from answers
    where order_id is not null
    union all
    -- An answer on an order of several products counts once for each; a review that names one is of that one.
    select
        answers.*,
        parts_of_orders.breakdown,
        parts_of_orders.subject
    from answers
    inner join parts_of_orders
        on answers.source = parts_of_orders.source and answers.order_id = parts_of_orders.order_id
    where answers.product_id is null
    union all
    select
        answers.*,
        parts.breakdown,
        parts.subject
    from answers
    inner join parts
        on
            answers.source = parts.source
            and answers.order_id = parts.order_id
            and answers.product_id = parts.product_id
)

select
    labelled.answer_day as day,
    labelled.metric,
    labelled.dimension,
    labelled.breakdown,
    labelled.subject,
    bool_or(labelled.is_promotion) as is_promotion,
    {{ counted_satisfaction() }}
from labelled
inner join rules
    on labelled.metric = rules.metric
group by labelled.answer_day, labelled.metric, labelled.dimension, labelled.breakdown, labelled.subject
