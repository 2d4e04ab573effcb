{{ touched_model("fact_days", indexes=[["day"]]) }}

with placed as (
    {{ touched_rows(ref("int_orders__priced"), "fact_days", ["order_day"]) }}
),

promised as (
    {{ touched_rows(ref("int_orders__priced"), "fact_days", ["promised_day"]) }}
),

due as (
    {{ touched_rows(ref("int_orders__due"), "fact_days", ["promised_day"]) }}
),

tickets as (
    {{ touched_rows(ref("stg_tickets"), "fact_days", ["opened_day"]) }}
)

-- No two of them count for the same part of a signal.
select {{ fact("orders", "channel", "coalesce(channel, 'unstated')", "order_day", 1, 0) }}
from placed
where is_sale
group by part_name, day
union all
select {{ fact("lateness", "carrier", "carrier", "promised_day", "is_late", 1) }}
from due
where promised_day <= {{ business_date() }}
group by part_name, day
union all
select {{ fact("complaints", "class", "class", "opened_day", 1, 0) }}
from tickets
where kind = 'complaint'
group by part_name, day
union all
select {{ fact("complaints", "all", "'all'", "promised_day", 0, 1) }}
from promised
where is_sale and promised_day <= {{ business_date() }}
group by part_name, day
