-- Reviews and survey answers in staging = answers in the mart, over all; blanks are neither.
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

expected as (
    select
        metric,
        count(score) as n
    from answers
    group by metric
),

counted as (
    select
        metric,
        sum(n) as n
    from daily
    where breakdown = 'all'
    group by metric
)

select
    expected.metric,
    expected.n as expected_n,
    counted.n as counted_n
from expected
full outer join counted on expected.metric = counted.metric
where coalesce(expected.n, 0) <> coalesce(counted.n, 0)
