with facts as (
    select * from {{ ref("int_alerts__facts") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
),

promotions as (
    select * from {{ ref("promotion_days") }}
),

spans as (
    select
        signal,
        greatest(min(day), {{ alerts_from() }}) as first_day
    from facts
    group by signal
),

parts as (
    select
        signal,
        part,
        part_name,
        day,
        x,
        base
    from facts
    where part <> 'all'
    union all
    select
        signal,
        'all' as part,
        'all' as part_name,
        day,
        sum(x) as x,
        sum(base) as base
    from facts
    where part <> 'feed'
    group by signal, day
),

names as (
    select distinct
        parts.signal,
        parts.part,
        parts.part_name,
        spans.first_day
    from parts
    inner join spans
        on parts.signal = spans.signal
),

days as (
    select
        names.signal,
        names.part,
        names.part_name,
        cast(grid.day as date) as day
    from names
    cross join lateral {{ series("names.first_day", business_date(), "day") }} as grid (day)
),

halos as (
    select distinct
        rules.signal,
        cast(grid.day as date) as day
    from rules
    cross join promotions
    cross join lateral {{ series(
        "promotions.day", days_after("promotions.day", "rules.halo_days - 1"), "day"
    ) }} as grid (day)
    where rules.halo_days > 0
)

select
    days.signal,
    days.part,
    days.part_name,
    days.day,
    -- Discounts may exceed a day's goods; less than nothing has no root.
    greatest(coalesce(parts.x, 0), 0) as x,
    coalesce(case when rules.shared_base then wholes.base else parts.base end, 0) as base,
    coalesce(promotions.factor, 1) as factor,
    halos.day is not null as is_halo
from days
inner join rules
    on days.signal = rules.signal
left join parts
    on
        days.signal = parts.signal
        and days.part = parts.part
        and days.part_name = parts.part_name
        and days.day = parts.day
left join parts as wholes
    on days.signal = wholes.signal and wholes.part = 'all' and days.day = wholes.day
left join promotions
    on days.day = promotions.day and rules.halo_days = 0
left join halos
    on days.signal = halos.signal and days.day = halos.day
