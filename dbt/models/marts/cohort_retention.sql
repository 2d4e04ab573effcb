{%- set came = "coalesce(activity.retained, 0)" -%}

with order_days as {{ inlined() }} (
    select * from {{ ref("int_customers__order_days") }}
),

rules as (
    select max(z) as z
    from {{ ref("repurchase_windows") }}
),

firsts as (
    select
        customer_key,
        {{ period_start("month", "order_day") }} as cohort_month
    from order_days
    where nth_day = 1
),

cohorts as (
    select
        cohort_month,
        count(*) as customers
    from firsts
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
        firsts.cohort_month,
        {{ period_start("month", "order_days.order_day") }} as active_month,
        count(distinct order_days.customer_key) as retained,
        sum(order_days.net_base) as net_spend
    from order_days
    inner join firsts
        on order_days.customer_key = firsts.customer_key
    group by firsts.cohort_month, {{ period_start("month", "order_days.order_day") }}
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
