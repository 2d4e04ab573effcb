with order_days as (
    select * from {{ ref("int_customers__order_days") }}
    where customer_key is not null
),

history as (
    select * from {{ ref("customer_segment_history") }}
),

rules as (
    select max(z) as z from {{ ref("repurchase_windows") }}
),

shop_days as (
    select cast(series.day as date) as day
    from (select min(order_day) as first_day from order_days) as opened
    cross join lateral {{ series("opened.first_day", business_date(), "day") }} as series (day)
),

-- Changes of the number of buyers who are not lost.
turns as (
    select
        valid_from as day,
        case when lifecycle = 'lost' then 1 else 0 end as lost,
        case when previous_lifecycle = 'lost' then 1 else 0 end as regained,
        case
            when
                lifecycle <> 'potential' and coalesce(previous_lifecycle, 'potential') = 'potential'
                then 1
            else 0
        end as won
    from history
),

{% for period in ["day", "week", "month"] -%}

    -- A customer counts with the last of the days on which they bought in the period.
    {{ period }}_activity as (
        select
            {{ period_start(period, "order_day") }} as first_day,
            count(*) filter (where {{ is_last_within(period) }}) as active_customers,
            count(*) filter (where nth_day = 1) as new_customers
        from order_days
        group by {{ period_start(period, "order_day") }}
    ),

    {{ period }}_turns as (
        select
            {{ period_start(period, "shop_days.day") }} as first_day,
            coalesce(sum(turns.lost), 0) as lost,
            coalesce(sum(turns.regained), 0) as regained,
            coalesce(sum(turns.won), 0) as won
        from shop_days
        left join turns
            on shop_days.day = turns.day
        group by {{ period_start(period, "shop_days.day") }}
    ),

    {{ period }}_rows as (
        select
            '{{ period }}' as period,
            {{ period }}_turns.first_day,
            {{ period_end(period, period ~ "_turns.first_day") }} as last_day,
            coalesce({{ period }}_activity.active_customers, 0) as active_customers,
            coalesce({{ period }}_activity.new_customers, 0) as new_customers,
            {{ period }}_turns.lost,
            {{ period }}_turns.regained,
            sum(
                {{ period }}_turns.won + {{ period }}_turns.regained - {{ period }}_turns.lost
            ) over (order by {{ period }}_turns.first_day)
            - ({{ period }}_turns.won + {{ period }}_turns.regained - {{ period }}_turns.lost) as at_start
        from {{ period }}_turns
        left join {{ period }}_activity
            on {{ period }}_turns.first_day = {{ period }}_activity.first_day
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
