-- Reviews and survey answers in staging = answers in the mart + answers off their metric's scale.
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
    from {{ ref("satisfaction_daily") }}
    group by metric
)

select
    expected.metric,
    expected.n as expected_n,
    counted.n as counted_n
from expected
full outer join counted on expected.metric = counted.metric
where expected.n is distinct from counted.n
