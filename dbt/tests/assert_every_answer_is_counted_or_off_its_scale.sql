-- Reviews and survey answers in staging = answers in the mart, over all; blanks are neither.
with answers as (
    select
        'review' as metric,
        score
    from {{ ref("stg_reviews") }}
    union all
    select
        metric,
        score
    from {{ ref("stg_survey_responses") }}
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
    from {{ ref("satisfaction_daily") }}
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
