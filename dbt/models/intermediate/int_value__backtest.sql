{{ config(materialized="view") }}

with split as (
    select {{ days_before(business_date(), value_setting("holdout_days")) }} as split_day
),

purchases as (
    select * from {{ ref("int_purchases__daily") }}
),

days as (
    select
        purchases.customer_key,
        purchases.day,
        purchases.spend,
        split.split_day,
        lag(purchases.day) over (partition by purchases.customer_key order by purchases.day) as previous_day
    from purchases
    cross join split
)

select
    customer_key,
    split_day,
    {{ purchase_history("day <= split_day") }},
    cast(count(*) filter (where day > split_day) as integer) as later_purchases,
    cast(count(spend) filter (where day > split_day) as integer) as later_known,
    cast(coalesce(sum(spend) filter (where day > split_day), 0) as numeric(18, 2)) as later_spend
from days
group by customer_key, split_day
having min(day) <= split_day
