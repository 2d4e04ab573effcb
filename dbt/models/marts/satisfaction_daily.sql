{{ touched_model("opinions") }}

with sums as (
    {{ touched_rows(ref("int_satisfaction__daily"), "opinions") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

-- Most cells are too small to show a figure: only the others are estimated.
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
    where sums.n >= {{ setting("satisfaction_settings", "min_n") }}
    {{ worked_out_once() }}
),

scaled as (
    select
        *,
        {{ effective_sums() }}
    from weighed
    {{ worked_out_once() }}
),

estimated as (
    select
        *,
        {{ satisfaction_estimates() }},
        {{ satisfaction_estimates("effective_") }}
    from scaled
    {{ worked_out_once() }}
),

shown as (
    select
        day,
        metric,
        dimension,
        breakdown,
        subject,
        {{ satisfaction_columns() }},
        cast(estimated_error as numeric(10, 4)) as std_error,
        cast(effective_n as numeric(14, 2)) as effective_n,
        {{ satisfaction_columns("effective_", "weighted_", "effective_n >= min_n") }}
    from estimated
)

select
    sums.day,
    sums.metric,
    sums.dimension,
    sums.breakdown,
    sums.subject,
    sums.is_promotion,
    sums.{{ satisfaction_sums() | join(",\n    sums.") }},
    shown.day is null as is_withheld,
    shown.{{ satisfaction_figures() | join(",\n    shown.") }}
from sums
left join shown
    on
        sums.day = shown.day
        and sums.metric = shown.metric
        and sums.dimension = shown.dimension
        and sums.breakdown = shown.breakdown
        and sums.subject = shown.subject
