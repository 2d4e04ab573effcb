{{ touched_model("opinion_figures", indexes=[["first_day", "breakdown"]]) }}

with sums as (
    {{ touched_periods_and_those_before(ref("int_satisfaction__periods")) }}
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
        *,
        {{ satisfaction_columns() }},
        cast(estimated_error as numeric(10, 4)) as std_error,
        {{ satisfaction_columns("effective_", "weighted_", "effective_n >= min_n") }}
    from estimated
),

before as (
    select
        *,
        lag(first_day) over periods as previous_first_day,
        lag(value) over periods as last_value,
        lag(ci_low) over periods as last_ci_low,
        lag(ci_high) over periods as last_ci_high
    from shown
    window periods as (partition by period, days, metric, dimension, breakdown, subject order by first_day)
),

-- A week or month without a figure between two others leaves nothing to compare with.
compared as (
    select
        before.*,
        before.value - before.last_value as difference,
        {{ period_before("before") }} = before.previous_first_day as is_next
    from before
)

-- The interval of the difference by the distances of both values from the ends of their own (MOVER).
select
    period,
    first_day,
    days,
    metric,
    dimension,
    breakdown,
    subject,
    {{ satisfaction_figures() | join(",\n    ") }},
    cast(case when is_next then last_value end as numeric(10, 4)) as previous_value,
    cast(case when is_next then difference end as numeric(10, 4)) as change,
    cast(case
        when is_next then difference - sqrt(power(value - ci_low, 2) + power(last_ci_high - last_value, 2))
    end as numeric(10, 4)) as change_low,
    cast(case
        when is_next then difference + sqrt(power(ci_high - value, 2) + power(last_value - last_ci_low, 2))
    end as numeric(10, 4)) as change_high
from compared
where {{ touched_filter("opinion_figures") }}
