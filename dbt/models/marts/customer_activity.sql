with daily as (
    select * from {{ ref("int_cohorts__daily") }}
),

history as (
    select * from {{ ref("customer_segment_history") }}
),

rules as (
    select max(z) as z from {{ ref("repurchase_windows") }}
),

shop_days as (
    select cast(series.day as date) as day
    from (select min(day) as first_day from daily) as opened
    cross join lateral {{ series("opened.first_day", business_date(), "day") }} as series (day)
),

bought as (
    select
        day,
        sum(day_customers) as day_customers,
        sum(week_customers) as week_customers,
        sum(month_customers) as month_customers,
        sum(new_customers) as new_customers
    from daily
    group by day
),

-- Changes of the number of buyers who are not lost.
turns as (
    select
        valid_from as day,
        count(*) filter (where lifecycle = 'lost') as lost,
        count(*) filter (where previous_lifecycle = 'lost') as regained,
        count(*) filter (
            where lifecycle <> 'potential' and coalesce(previous_lifecycle, 'potential') = 'potential'
        ) as won
    from history
    group by valid_from
),

days as (
    select
        shop_days.day,
        {% for count in ["day_customers", "week_customers", "month_customers", "new_customers"] -%}
            coalesce(bought.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        coalesce(turns.lost, 0) as lost,
        coalesce(turns.regained, 0) as regained,
        coalesce(turns.won + turns.regained - turns.lost, 0) as more
    from shop_days
    left join bought
        on shop_days.day = bought.day
    left join turns
        on shop_days.day = turns.day
),

{% for period in ["day", "week", "month"] -%}

    {{ period }}_rows as (
        select
            '{{ period }}' as period,
            {{ period_start(period, "day") }} as first_day,
            {{ period_end(period, period_start(period, "day")) }} as last_day,
            sum({{ period }}_customers) as active_customers,
            sum(new_customers) as new_customers,
            sum(lost) as lost,
            sum(regained) as regained,
            sum(sum(more)) over (order by {{ period_start(period, "day") }}) - sum(more) as at_start
        from days
        group by {{ period_start(period, "day") }}
    ),
{% endfor %}

every_period as (
    select * from day_rows
    union all
    select * from week_rows
    union all
    select * from month_rows
),

-- Where more were lost than there were, some came and went within the period: no share, so no interval.
based as (
    select
        every_period.*,
        rules.z,
        case when every_period.lost <= every_period.at_start then nullif(every_period.at_start, 0) end as base
    from every_period
    cross join rules
)

select
    period,
    first_day,
    last_day,
    cast(active_customers as integer) as active_customers,
    cast(new_customers as integer) as new_customers,
    cast(active_customers - new_customers as integer) as returning_customers,
    cast(at_start as integer) as customers_at_start,
    cast(lost as integer) as lost_customers,
    cast(regained as integer) as regained_customers,
    cast(case when at_start > 0 then cast(lost as numeric) / at_start end as numeric(10, 4)) as churn_rate,
    cast({{ wilson("lost", "base", "z", "low") }} as numeric(10, 4)) as ci_low,
    cast({{ wilson("lost", "base", "z", "high") }} as numeric(10, 4)) as ci_high
from based
where last_day <= {{ business_date() }}
