{{ touched_model("customers", indexes=[["customer_key"]]) }}

with answers as (
    {{ touched_rows(ref("int_answers"), "customers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
    where low_is_complaint
),

low_answers as (
    select
        answers.*,
        rules.score_max,
        row_number() over (
            partition by answers.customer_key
            order by
                answers.answered_at desc,
                answers.metric asc,
                answers.dimension asc,
                answers.answer_id asc,
                answers.order_id asc
        ) as nth_newest
    from answers
    inner join rules
        on answers.metric = rules.metric
    where answers.customer_key is not null and answers.score between rules.score_min and rules.negative_to
)

select
    customer_key,
    metric,
    dimension,
    score,
    cast(score_max as integer) as score_max,
    answer_day
from low_answers
where nth_newest = 1
