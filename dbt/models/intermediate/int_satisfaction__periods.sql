with daily as (
    select * from {{ ref("int_satisfaction__daily") }}
),

dated as (
    select
        daily.*,
        periods.period,
        case periods.period
            when 'week' then {{ period_start("week", "daily.day") }}
            else {{ period_start("month", "daily.day") }}
        end as first_day
    from daily
    cross join (values ('week'), ('month')) as periods (period)
),

placed as (
    select
        dated.*,
        scopes.days
    from dated
    cross join (values ('all'), ('ordinary')) as scopes (days)
    where scopes.days = 'all' or not dated.is_promotion
)

select
    period,
    first_day,
    days,
    metric,
    dimension,
    breakdown,
    subject,
    cast(coalesce(sum(n) filter (where is_promotion), 0) as integer) as promotion_n,
    {{ added_up_satisfaction() }}
from placed
group by period, first_day, days, metric, dimension, breakdown, subject
