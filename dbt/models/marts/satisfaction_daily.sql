{{ touched_model("days") }}

with sums as (
    {{ touched_rows(ref("int_satisfaction__daily"), "days") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

estimated as (
    select
        sums.*,
        rules.value_min,
        rules.value_max,
        {{ satisfaction_estimates() }}
    from sums
    inner join rules
        on sums.metric = rules.metric
)

select
    day,
    metric,
    dimension,
    n,
    score_sum,
    score_sum_sq,
    positive,
    negative,
    {{ satisfaction_columns() }}
from estimated
