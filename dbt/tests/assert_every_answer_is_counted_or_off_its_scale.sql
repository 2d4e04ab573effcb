-- Reviews and survey answers in staging = answers in the mart + answers off their metric's scale.
with reviews as (
    {{ touched_rows(ref("stg_reviews"), "book_answers", ["source", "review_id"]) }}
),

responses as (
    {{ touched_rows(ref("stg_survey_responses"), "book_answers", ["source", "response_id"]) }}
),

answers as (
    select
        'review' as metric,
        score
    from reviews
    where {{ touched_filter("days", ["review_day"]) }}
    union all
    select
        metric,
        score
    from responses
    where {{ touched_filter("days", ["answer_day"]) }}
),

daily as (
    {{ touched_rows(ref("satisfaction_daily"), "days") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

expected as (
    select
        answers.metric,
        count(*) as n
    from answers
    inner join rules on answers.metric = rules.metric
    where answers.score between rules.score_min and rules.score_max
    group by answers.metric
),

counted as (
    select
        metric,
        sum(n) as n
    from daily
    group by metric
)

select
    expected.metric,
    expected.n as expected_n,
    counted.n as counted_n
from expected
full outer join counted on expected.metric = counted.metric
where expected.n is distinct from counted.n
