{%- set came = "coalesce(activity.retained, 0)" -%}

with daily as (
    select * from {{ ref("int_cohorts__daily") }}
),

rules as (
    select max(z) as z
    from {{ ref("repurchase_windows") }}
),

cohorts as (
    select
        cohort_month,
        sum(new_customers) as customers
    from daily
    group by cohort_month
),

-- A month counts once it has ended.
elapsed as (
    select
        cohorts.cohort_month,
        cohorts.customers,
        rules.z,
        cast(months.month as date) as active_month
    from cohorts
    cross join rules
    cross join lateral {{ series("cohorts.cohort_month", business_date(), "month") }} as months (month)
    where {{ period_end("month", "months.month") }} <= {{ business_date() }}
),

activity as (
    select
        cohort_month,
        {{ period_start("month", "day") }} as active_month,
        sum(month_customers) as retained,
        sum(net_base) as net_spend
    from daily
    group by cohort_month, {{ period_start("month", "day") }}
)

select
    elapsed.cohort_month,
    {{ months_between("elapsed.cohort_month", "elapsed.active_month") }} as months_since,
    cast(elapsed.customers as integer) as customers,
    cast({{ came }} as integer) as retained,
    cast(cast({{ came }} as numeric) / elapsed.customers as numeric(10, 4)) as retention,
    cast({{ wilson(came, "elapsed.customers", "elapsed.z", "low") }} as numeric(10, 4)) as ci_low,
    cast({{ wilson(came, "elapsed.customers", "elapsed.z", "high") }} as numeric(10, 4)) as ci_high,
    cast(coalesce(activity.net_spend, 0) as numeric(18, 2)) as net_spend
from elapsed
left join activity
    on elapsed.cohort_month = activity.cohort_month and elapsed.active_month = activity.active_month
