{{ touched_model("days", indexes=[["day"]]) }}

with answers as (
    {{ touched_rows(ref("stg_answer_versions"), "book_answers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

questions as (
    select * from {{ ref("survey_questions") }}
),

states as (
    select
        answers.*,
        {{ answer_state("answers.score") }} as state
    from answers
    left join rules
        on answers.metric = rules.metric
    {{ join_question("answers") }}
),

judged as (
    select
        feed,
        answer_day as day,
        case
            when not is_newest then 'superseded'
            when answer_day > {{ business_date() }} then 'ahead'
            when state in ('blank', 'not_applicable') then 'not_answered'
            when state = 'off_scale' then 'off_scale'
            else 'arrived'
        end as reason
    from states
)

select
    feed,
    day,
    reason,
    count(*) as answers
from judged
where {{ touched_filter("days") }}
group by feed, day, reason
