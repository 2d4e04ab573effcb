create table delivery_daily as
with last_reviews as (
    select order_id, score
    from (
        select *, row_number() over (partition by order_id order by answered_at desc, answer_id desc) as nth
        from answers
        where metric = 'review'
    ) as r
    where nth = 1
)
select
    coalesce(orders.delivered_day, orders.promised_day) as day,
    coalesce(orders.delivered_at > orders.promised_at, false) as is_late,
    count(*) as orders,
    count(*) - count(orders.delivered_day) as undated_orders,
    count(last_reviews.score) as reviewed_orders,
    coalesce(sum(last_reviews.score), 0) as score_sum
from orders
left join last_reviews on last_reviews.order_id = orders.order_id
where orders.status = 'delivered' and coalesce(orders.delivered_day, orders.promised_day) <= cast('{day}' as date)
group by 1, 2
