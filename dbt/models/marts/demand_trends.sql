with expected as (
    select
        *,
        baseline_mean * season_factor as expected,
        -- Counts vary at least as Poisson's; where the baseline varied more, that counts.
        sqrt(greatest(
            baseline_mean * season_factor
            + season_factor * season_factor * baseline_mean / nullif(windows, 0),
            season_factor * season_factor * coalesce(baseline_variance, 0)
            * (1 + 1 / cast(nullif(windows, 0) as double precision))
        )) as standard_error
    from {{ ref("int_demand__expected") }}
),

rules as (
    select
        {{ setting("demand_rules", "min_baseline_windows") }} as min_windows,
        {{ setting("demand_rules", "min_baseline_count") }} as min_count,
        {{ setting("demand_rules", "min_new_count") }} as min_new,
        {{ setting("demand_rules", "min_change") }} as min_change,
        {{ setting("demand_rules", "deciding_z") }} as deciding_z
),

compared as (
    select
        *,
        observed / nullif(expected, 0) - 1 as change,
        (observed - expected) / nullif(standard_error, 0) as z
    from expected
),

directed as (
    select
        compared.*,
        case
            when compared.windows < rules.min_windows then 'too_few'
            when compared.baseline = 0 and compared.observed >= rules.min_new then 'new'
            when compared.baseline < rules.min_count then 'too_few'
            when compared.z >= rules.deciding_z and compared.change >= rules.min_change then 'rising'
            when compared.z <= -rules.deciding_z and compared.change <= -rules.min_change then 'falling'
            else 'steady'
        end as direction
    from compared
    cross join rules
),

names as (
    select * from {{ ref("trend_names") }}
)

select
    directed.kind,
    directed.subject,
    {{ days_after(business_date(), "1 - " ~ setting("demand_rules", "tested_days")) }} as first_day,
    {{ business_date() }} as last_day,
    directed.observed,
    directed.windows as baseline_windows,
    directed.baseline as baseline_count,
    cast(directed.baseline_mean as numeric(14, 4)) as baseline_mean,
    directed.season_basis,
    cast(directed.season_factor as numeric(10, 4)) as season_factor,
    cast(directed.expected as numeric(14, 4)) as expected,
    cast(directed.change as numeric(14, 4)) as change,
    cast(directed.z as numeric(14, 4)) as z,
    directed.direction,
    names.direction_zh
from directed
left join names
    on directed.direction = names.direction
