with windows as (
    select * from {{ ref("repurchase_windows") }}
),

order_days as (
    select * from {{ ref("int_customers__order_days") }}
    where nth_day = 1
),

observed as (
    select
        {{ days_between("order_day", business_date()) }} as days_seen,
        {{ days_between("order_day", "coalesce(next_order_day, " ~ business_date() ~ ")") }} as days,
        next_order_day is not null as came_back
    from order_days
),

ended as (
    select
        windows.window_days,
        count(*) as buyers,
        count(*) filter (where observed.came_back and observed.days <= windows.window_days) as repurchased
    from windows
    inner join observed
        on windows.window_days <= observed.days_seen
    group by windows.window_days
),

by_day as (
    select
        days,
        count(*) filter (where came_back) as events,
        sum(count(*)) over (order by days desc) as at_risk
    from observed
    group by days
),

curve as (
    select
        windows.window_days,
        sum(by_day.events) as events,
        {{ kaplan_meier("by_day.events", "by_day.at_risk") }} as survival,
        {{ greenwood("by_day.events", "by_day.at_risk") }} as variance
    from windows
    inner join by_day
        on windows.window_days >= by_day.days
    group by windows.window_days
)

select
    windows.window_days,
    cast(coalesce(ended.buyers, 0) as integer) as buyers,
    cast(coalesce(ended.repurchased, 0) as integer) as repurchased,
    cast(cast(ended.repurchased as numeric) / ended.buyers as numeric(10, 4)) as rate,
    cast({{ wilson("ended.repurchased", "ended.buyers", "windows.z", "low") }} as numeric(10, 4)) as ci_low,
    cast({{ wilson("ended.repurchased", "ended.buyers", "windows.z", "high") }} as numeric(10, 4)) as ci_high,
    cast(case when ended.buyers > 0 then 1 - coalesce(curve.survival, 1) end as numeric(10, 4)) as km_rate,
    cast(case
        when
            ended.buyers > 0
            then 1 - {{ survival_bound("curve.survival", "curve.variance", "windows.z", "+") }}
    end as numeric(10, 4)) as km_ci_low,
    cast(case
        when
            ended.buyers > 0
            then 1 - {{ survival_bound("curve.survival", "curve.variance", "windows.z", "-") }}
    end as numeric(10, 4)) as km_ci_high
from windows
left join ended
    on windows.window_days = ended.window_days
left join curve
    on windows.window_days = curve.window_days
-- A shop without a sale has no rates.
where exists (select 1 from observed)
