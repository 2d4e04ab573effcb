{{ touched_model("days", indexes=[["day"]]) }}

with answers as (
    {{ touched_rows(ref("int_answers"), "days", ["answer_day"]) }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
)

select
    answers.answer_day as day,
    answers.metric,
    answers.dimension,
    cast(count(*) as integer) as n,
    cast(sum(answers.score) as integer) as score_sum,
    cast(sum(answers.score * answers.score) as integer) as score_sum_sq,
    cast(count(*) filter (where answers.score >= rules.positive_from) as integer) as positive,
    cast(count(*) filter (where answers.score <= rules.negative_to) as integer) as negative
from answers
inner join rules
    on answers.metric = rules.metric
where answers.score between rules.score_min and rules.score_max
group by answers.answer_day, answers.metric, answers.dimension
