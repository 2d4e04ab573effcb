with answers as (
    select * from {{ ref("int_answers__weighted") }}
    where state <> 'off_scale'
),

customers as (
    select * from {{ ref("customer_value") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

-- Whose tier turned since is of another one on all days: all of them are added up each night.
labelled as (
    select
        answers.*,
        coalesce(customers.value_tier, '(none)') as subject,
        {{ weighed_scores() }}
    from answers
    left join customers
        on answers.customer_key = customers.customer_key
)

select
    labelled.answer_day as day,
    labelled.metric,
    labelled.dimension,
    'tier' as breakdown,
    labelled.subject,
    bool_or(labelled.is_promotion) as is_promotion,
    {{ counted_satisfaction() }}
from labelled
inner join rules
    on labelled.metric = rules.metric
group by labelled.answer_day, labelled.metric, labelled.dimension, labelled.subject
