{{ touched_model("fact_weeks") }}

with deliveries as (
    {{ touched_rows(ref("int_deliveries__parts"), "fact_weeks") }}
)

select
    week,
    carrier,
    delivery_region,
    seller_id,
    cast(count(*) as integer) as orders,
    cast(count(*) filter (where is_late) as integer) as late_orders,
    cast(count(*) filter (where is_undated) as integer) as undated_orders,
    cast(count(review_score) as integer) as reviewed_orders,
    cast(coalesce(sum(review_score), 0) as integer) as score_sum,
    cast(count(review_score) filter (where is_late) as integer) as reviewed_late_orders,
    cast(coalesce(sum(review_score) filter (where is_late), 0) as integer) as late_score_sum
from deliveries
where day <= {{ business_date() }}
group by week, carrier, delivery_region, seller_id
