with sums as (
    select * from {{ ref("int_satisfaction__daily") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

weighed as (
    select
        sums.*,
        rules.estimate,
        rules.z,
        rules.value_min,
        rules.value_max,
        {{ setting("satisfaction_settings", "min_n") }} as min_n,
        case when sums.weight_sum > 0 then {{ effective_n() }} end as effective_n
    from sums
    inner join rules
        on sums.metric = rules.metric
),

scaled as (
    select
        *,
        n < min_n as is_withheld,
        {{ effective_sums() }}
    from weighed
),

estimated as (
    select
        *,
        {{ satisfaction_estimates() }},
        {{ satisfaction_estimates("effective_") }}
    from scaled
)

select
    day,
    metric,
    dimension,
    breakdown,
    subject,
    is_promotion,
    {{ satisfaction_sums() | join(",\n    ") }},
    is_withheld,
    {{ satisfaction_columns(shown="not is_withheld") }},
    cast(case when not is_withheld then estimated_error end as numeric(10, 4)) as std_error,
    cast(effective_n as numeric(14, 2)) as effective_n,
    {{ satisfaction_columns("effective_", "weighted_", "effective_n >= min_n") }}
from estimated
