{{ touched_model("tier_days", indexes=[["day"]]) }}

with answers as (
    {{ touched_rows(ref("int_answers__weighted"), "tier_days", ["answer_day"], "state <> 'off_scale'") }}
),

customers as (
    select * from {{ ref("int_customers__tiers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

-- Whose tier turned is of the other one on all days.
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
