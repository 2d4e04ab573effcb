{{ touched_model("days", indexes=[["day"]]) }}

with answers as (
    {{ touched_rows(ref("stg_answer_versions"), "book_answers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

judged as (
    select
        answers.feed,
        answers.answer_day as day,
        case
            when not answers.is_newest then 'superseded'
            when answers.answer_day > {{ business_date() }} then 'ahead'
            when rules.metric is null then 'off_scale'
            else 'arrived'
        end as reason
    from answers
    left join rules
        on answers.metric = rules.metric and answers.score between rules.score_min and rules.score_max
)

select
    feed,
    day,
    reason,
    count(*) as answers
from judged
where {{ touched_filter("days") }}
group by feed, day, reason
