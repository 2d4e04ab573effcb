with rules as (
    select * from {{ ref("satisfaction_rules") }}
),

daily as (
    select * from {{ ref("int_satisfaction__daily") }}
    where breakdown = 'all' and n > 0
),

sums as (
    select
        daily.metric,
        daily.dimension,
        {{ days_after(business_date(), "1 - max(rules.recent_days)") }} as first_day,
        {{ business_date() }} as last_day,
        cast(sum(daily.n) as integer) as n,
        cast(sum(daily.score_sum) as integer) as score_sum,
        cast(sum(daily.score_sum_sq) as integer) as score_sum_sq,
        cast(sum(daily.positive) as integer) as positive,
        cast(sum(daily.negative) as integer) as negative
    from daily
    inner join rules
        on daily.metric = rules.metric
    where daily.day > {{ days_after(business_date(), "-rules.recent_days") }}
    group by daily.metric, daily.dimension
),

estimated as (
    select
        sums.*,
        rules.estimate,
        rules.z,
        rules.value_min,
        rules.value_max,
        sums.n < {{ setting("satisfaction_settings", "min_n") }} as is_withheld,
        {{ satisfaction_estimates() }}
    from sums
    inner join rules
        on sums.metric = rules.metric
)

select
    metric,
    dimension,
    first_day,
    last_day,
    n,
    score_sum,
    score_sum_sq,
    positive,
    negative,
    is_withheld,
    {{ satisfaction_columns(shown="not is_withheld") }}
from estimated
