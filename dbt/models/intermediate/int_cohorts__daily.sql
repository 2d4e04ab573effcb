{{ touched_model("cohort_months", indexes=[["month"]]) }}

with order_days as (
    {{ rows_of_touched_months(ref("int_customers__order_days"), "cohort_months", "order_day") }}
)

-- A customer counts with the last of the days on which they bought in a period, so that days add up to it.
select
    {{ period_start("month", "first_order_day") }} as cohort_month,
    order_day as day,
    {{ period_start("month", "order_day") }} as month,
    {% for period in ["day", "week", "month"] -%}
        cast(count(*) filter (where {{ is_last_within(period) }}) as integer) as {{ period }}_customers,
    {% endfor -%}
    cast(count(*) filter (where nth_day = 1) as integer) as new_customers,
    cast(sum(net_base) as numeric(18, 2)) as net_base
from order_days
where customer_key is not null
group by {{ period_start("month", "first_order_day") }}, order_day
