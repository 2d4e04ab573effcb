with daily as (
    select * from {{ ref("int_demand__daily") }}
),

rules as (
    select
        cast({{ setting("demand_rules", "tested_days") }} as integer) as tested_days,
        cast({{ setting("demand_rules", "baseline_weeks") }} as integer) as baseline_weeks,
        cast({{ setting("demand_rules", "season_days") }} as integer) as season_days,
        -- Whole weeks, so that each window has the weekdays of the tested one.
        cast(ceil({{ setting("demand_rules", "tested_days") }} / 7) as integer) * 7 as period
),

kinds as (
    select
        kind,
        min(day) as first_day
    from daily
    group by kind
),

-- A window that the shop knew only in part would count days as empty that nobody saw.
spans as (
    select
        kinds.kind,
        rules.period,
        rules.tested_days,
        rules.season_days,
        least(rules.baseline_weeks, greatest(0, div(
            {{ days_between("kinds.first_day", business_date()) }} - rules.tested_days + 1, rules.period
        ))) as windows,
        {{ days_between("kinds.first_day", business_date()) }} as known_days
    from kinds
    cross join rules
),

aged as (
    select
        daily.kind,
        daily.subject,
        daily.n,
        spans.windows,
        spans.period,
        spans.tested_days,
        years.years_back,
        spans.known_days - years.years_back * spans.season_days
        >= spans.windows * spans.period + spans.tested_days - 1 as is_known,
        {{ days_between("daily.day", business_date()) }} - years.years_back * spans.season_days as age
    from daily
    inner join spans
        on daily.kind = spans.kind
    cross join (values (0), (1)) as years (years_back)
)

select
    kind,
    subject,
    years_back,
    cast(age / period as integer) as window_no,
    cast(windows as integer) as windows,
    cast(sum(n) as integer) as n
from aged
where
    age >= 0
    and age < (windows + 1) * period
    and mod(age, period) < tested_days
    and (years_back = 0 or is_known)
group by kind, subject, years_back, age / period, windows
