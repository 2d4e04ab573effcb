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

seen as (
    select
        facts.*,
        spans.first_day
    from facts
    inner join spans
        on facts.signal = spans.signal
    where facts.day between spans.first_day and {{ business_date() }}
),

names as (
    select distinct
        signal,
        part,
        part_name,
        first_day
    from seen
),

-- Every day of every name, and what there was of it: added up, not looked up.
filled as (
    select
        signal,
        part,
        part_name,
        day,
        x,
        base
    from seen
    union all
    select
        names.signal,
        names.part,
        names.part_name,
        cast(grid.day as date) as day,
        0 as x,
        0 as base
    from names
    cross join lateral {{ series("names.first_day", business_date(), "day") }} as grid (day)
),

days as (
    select
        signal,
        part,
        part_name,
        day,
        sum(x) as x,
        sum(base) as base,
        max(sum(base)) filter (where part = 'all') over (partition by signal, day) as whole_base
    from filled
    group by signal, part, part_name, day
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
    greatest(days.x, 0) as x,
    case when rules.shared_base then coalesce(days.whole_base, 0) else days.base end as base,
    coalesce(promotions.factor, 1) as factor,
    halos.day is not null as is_halo
from days
inner join rules
    on days.signal = rules.signal
left join promotions
    on days.day = promotions.day and rules.halo_days = 0
left join halos
    on days.signal = halos.signal and days.day = halos.day
