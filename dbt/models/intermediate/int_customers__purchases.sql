{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with purchases as (
    {{ touched_rows(ref("int_purchases__daily"), "buyers") }}
),

days as (
    select
        customer_key,
        day,
        spend,
        lag(day) over (partition by customer_key order by day) as previous_day
    from purchases
)

select
    customer_key,
    {{ purchase_history() }},
    cast(
        percentile_cont(0.5) within group (order by {{ days_between("previous_day", "day") }})
        as numeric(10, 1)
    ) as median_days_between
from days
group by customer_key
