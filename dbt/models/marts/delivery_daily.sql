{{ touched_model("days") }}

with deliveries as (
    {{ touched_rows(ref("int_deliveries"), "days") }}
)

select
    day,
    is_late,
    cast(count(*) as integer) as orders,
    cast(count(*) filter (where delivered_day is null) as integer) as undated_orders,
    cast(count(review_score) as integer) as reviewed_orders,
    cast(coalesce(sum(review_score), 0) as integer) as score_sum
from deliveries
where is_late is not null and day <= {{ business_date() }}
group by day, is_late
