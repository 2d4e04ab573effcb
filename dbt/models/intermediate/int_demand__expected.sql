with windows as (
    select * from {{ ref("int_demand__windows") }}
),

sums as (
    select
        kind,
        subject,
        max(windows) as windows,
        coalesce(sum(n) filter (where window_no = 0 and years_back = 0), 0) as observed,
        coalesce(sum(n) filter (where window_no > 0 and years_back = 0), 0) as baseline,
        coalesce(sum(n * n) filter (where window_no > 0 and years_back = 0), 0) as baseline_squares,
        coalesce(sum(n) filter (where window_no = 0 and years_back = 1), 0) as observed_before,
        coalesce(sum(n) filter (where window_no > 0 and years_back = 1), 0) as baseline_before
    from windows
    group by kind, subject
),

seasons as (
    select
        *,
        sum(observed_before) over (partition by kind) as kind_observed_before,
        sum(baseline_before) over (partition by kind) as kind_baseline_before,
        {{ setting("demand_rules", "min_season_count") }} as min_count
    from sums
),

based as (
    select
        *,
        case
            when least(observed_before, baseline_before) >= min_count then 'name'
            when least(kind_observed_before, kind_baseline_before) >= min_count then 'kind'
            else 'none'
        end as season_basis
    from seasons
    where observed + baseline > 0
)

select
    kind,
    subject,
    cast(windows as integer) as windows,
    cast(observed as integer) as observed,
    cast(baseline as integer) as baseline,
    season_basis,
    -- How the tested days compared with the days before them, a year ago.
    cast(case season_basis
        when 'name' then observed_before * windows / cast(baseline_before as double precision)
        when 'kind' then kind_observed_before * windows / cast(kind_baseline_before as double precision)
        else 1
    end as double precision) as season_factor,
    cast(baseline / cast(nullif(windows, 0) as double precision) as double precision) as baseline_mean,
    cast(
        (baseline_squares - baseline * baseline / cast(nullif(windows, 0) as double precision))
        / nullif(windows - 1, 0)
        as double precision
    ) as baseline_variance
from based
