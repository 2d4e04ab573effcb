with sums as (
    select
        *,
        {{ effective_sums() }}
    from {{ ref("int_satisfaction__daily") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

estimated as (
    select
        sums.*,
        rules.value_min,
        rules.value_max,
        sums.n < {{ setting("satisfaction_settings", "min_n") }} as is_withheld,
        {{ satisfaction_estimates() }},
        {{ satisfaction_estimates("effective_") }}
    from sums
    inner join rules
        on sums.metric = rules.metric
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
    {{ satisfaction_columns("effective_", "weighted_", "not is_withheld") }}
from estimated
