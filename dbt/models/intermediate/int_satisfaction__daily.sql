with answers as (
    select * from {{ ref("int_answers__weighted") }}
    where state <> 'off_scale'
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

-- An answer on an order of several products counts once for each; a review that names one is about that one.
of_contents as (
    select distinct
        answers.*,
        kinds.breakdown,
        case kinds.breakdown
            when 'product' then contents.product_id
            when 'category' then contents.category
            else contents.seller_id
        end as subject
    from answers
    inner join contents
        on
            answers.source = contents.source
            and answers.order_id = contents.order_id
            and coalesce(answers.product_id, contents.product_id) = contents.product_id
    cross join (values ('product'), ('category'), ('seller')) as kinds (breakdown)
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
    select * from of_contents
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
