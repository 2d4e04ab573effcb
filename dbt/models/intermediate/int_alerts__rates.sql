-- Rates: the share of the weeks before, of the base of the tested days.
with series as (
    select * from {{ ref("int_alerts__series") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
    where kind = 'rate'
),

running as (
    select
        series.*,
        rules.tested_days,
        rules.base_days,
        sum(series.base) over so_far as base_so_far
    from series
    inner join rules
        on series.signal = rules.signal
    window so_far as (
        partition by series.signal, series.part, series.part_name order by series.day rows unbounded preceding
    )
),

smoothed as (
    select
        *,
        ({{ sum_before("base_so_far", "base_days - 1", 0) }}) / base_days as mean_base
    from running
    window of_series as (partition by signal, part, part_name order by day)
),

sums as (
    select
        *,
        sum(x) over so_far as x_so_far,
        sum(mean_base) over so_far as mean_so_far,
        sum(x) filter (where not is_halo) over so_far as plain_x_so_far,
        sum(mean_base) filter (where not is_halo) over so_far as plain_base_so_far
    from smoothed
    window so_far as (partition by signal, part, part_name order by day rows unbounded preceding)
),

windows as (
    select
        *,
        {{ sum_before("x_so_far", "tested_days - 1", 0) }} as actual,
        {{ sum_before("mean_so_far", "tested_days - 1", 0) }} as tested_base,
        {{ sum_before(
            "plain_x_so_far", "tested_days + " ~ setting("alert_rules", "baseline_days") ~ " - 1", "tested_days"
        ) }} as earlier,
        {{ sum_before(
            "plain_base_so_far", "tested_days + " ~ setting("alert_rules", "baseline_days") ~ " - 1", "tested_days"
        ) }} as earlier_base
    from sums
    window of_series as (partition by signal, part, part_name order by day)
)

select
    signal,
    part,
    part_name,
    day,
    is_halo,
    false as is_promotion,
    actual,
    tested_base as base,
    earlier / earlier_base * tested_base as expected,
    -- The baseline is a sample too.
    sqrt(1 + tested_base / earlier_base) as baseline_error
from windows
where earlier_base > 0
