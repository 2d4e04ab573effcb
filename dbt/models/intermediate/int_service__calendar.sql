{{ config(indexes=[{"columns": ["day"]}]) }}

with hours as (
    select * from {{ ref("service_hours") }}
),

holidays as (
    select * from {{ ref("service_holidays") }}
),

tickets as (
    select * from {{ ref("stg_tickets") }}
),

opened as (
    select min(opened_day) as first_day from tickets
),

days as (
    select cast(series.day as date) as day
    from opened
    cross join lateral {{ series("opened.first_day", days_after(business_date(), 1), "day") }} as series (day)
),

-- A holiday's hours replace those of its weekday, also by none.
open_hours as (
    select
        days.day,
        case when holidays.day is null then hours.opens else holidays.opens end as opens,
        case when holidays.day is null then hours.closes else holidays.closes end as closes
    from days
    left join holidays
        on days.day = holidays.day
    left join hours
        on {{ weekday("days.day") }} = hours.weekday and holidays.day is null
),

instants as (
    select
        day,
        {{ local_instant("day", "opens") }} as opens_at,
        {{ local_instant("day", "closes") }} as closes_at
    from open_hours
),

measured as (
    select
        *,
        case
            when closes_at > opens_at then {{ seconds_between("opens_at", "closes_at") }}
            else cast(0 as numeric(20, 6))
        end as seconds
    from instants
)

select
    day,
    opens_at,
    closes_at,
    seconds,
    sum(seconds) over (order by day, opens_at rows unbounded preceding) - seconds as seconds_before
from measured
