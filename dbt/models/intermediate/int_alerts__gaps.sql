-- Nights since a feed's last file, against the longest wait of the weeks before.
with series as (
    select * from {{ ref("int_alerts__series") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
    where kind = 'gap'
),

last_files as (
    select
        series.signal,
        series.part,
        series.part_name,
        series.day,
        max(series.day) filter (where series.x > 0) over (
            partition by series.signal, series.part, series.part_name
            order by series.day rows unbounded preceding
        ) as last_day
    from series
    inner join rules
        on series.signal = rules.signal
),

gaps as (
    select
        *,
        {{ days_between("last_day", "day") }} as nights
    from last_files
    where last_day is not null
)

select
    gaps.signal,
    gaps.part,
    gaps.part_name,
    gaps.day,
    cast(min(gaps.nights) as double precision) as actual,
    cast(max(earlier.nights) as double precision) as expected
from gaps
inner join gaps as earlier
    on
        gaps.signal = earlier.signal
        and gaps.part_name = earlier.part_name
        and gaps.day > earlier.day
        and earlier.day >= {{ days_before("gaps.day", setting("alert_rules", "baseline_days")) }}
group by gaps.signal, gaps.part, gaps.part_name, gaps.day
having count(*) >= {{ setting("alert_rules", "min_baseline_days") }}
