{{ touched_model("customers") }}

with answers as (
    {{ touched_rows(ref("int_answers"), "customers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

judged as (
    select
        answers.customer_key,
        answers.metric,
        answers.answer_day,
        answers.score,
        answers.score <= rules.negative_to as is_low,
        row_number() over (
            partition by answers.customer_key, answers.metric
            order by
                answers.answered_at desc, answers.answer_id asc, answers.dimension asc, answers.order_id asc
        ) as place
    from answers
    inner join rules
        on answers.metric = rules.metric
    where answers.customer_key is not null and answers.score between rules.score_min and rules.score_max
)

select
    customer_key,
    cast(count(*) as integer) as answers,
    cast(count(*) filter (where is_low) as integer) as low_answers,
    max(answer_day) as last_answer_date,
    max(score) filter (where metric = 'nps' and place = 1) as last_nps,
    max(score) filter (where metric = 'review' and place = 1) as last_review
from judged
group by customer_key
