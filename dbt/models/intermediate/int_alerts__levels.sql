-- Counts and money: a weekday's usual share of the level of its weeks.
with series as (
    select * from {{ ref("int_alerts__series") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
    where kind in ('count', 'money')
),

running as (
    select
        series.signal,
        series.part,
        series.part_name,
        series.day,
        series.x,
        series.factor,
        series.is_halo,
        series.x / series.factor as plain,
        sum(series.x / series.factor) filter (where not series.is_halo) over so_far as x_so_far,
        count(*) filter (where not series.is_halo) over so_far as days_so_far
    from series
    inner join rules
        on series.signal = rules.signal
    window so_far as (
        partition by series.signal, series.part, series.part_name order by series.day rows unbounded preceding
    )
),

levels as (
    select
        *,
        ({{ sum_before("x_so_far", setting("alert_rules", "level_days"), 1) }})
        / nullif({{ sum_before("days_so_far", setting("alert_rules", "level_days"), 1) }}, 0) as level
    from running
    window of_series as (partition by signal, part, part_name order by day)
),

lags as (
    select cast(grid.days as integer) as days
    from generate_series(7, cast({{ setting("alert_rules", "baseline_days") }} as integer), 7) as grid (days)
),

-- A day tells what is usual of the same weekday in the weeks after it.
told as (
    select
        levels.signal,
        levels.part,
        levels.part_name,
        {{ days_after("levels.day", "lags.days") }} as day,
        levels.plain / levels.level as share
    from levels
    cross join lags
    where levels.level > 0 and not levels.is_halo
),

usual as (
    select
        signal,
        part,
        part_name,
        day,
        {{ median("share") }} as share
    from told
    group by signal, part, part_name, day
)

select
    levels.signal,
    levels.part,
    levels.part_name,
    levels.day,
    levels.is_halo,
    levels.factor > 1 as is_promotion,
    levels.x as actual,
    cast(null as double precision) as base,
    usual.share * levels.level * levels.factor as expected,
    cast(1 as double precision) as baseline_error
from levels
inner join usual
    on
        levels.signal = usual.signal
        and levels.part = usual.part
        and levels.part_name = usual.part_name
        and levels.day = usual.day
