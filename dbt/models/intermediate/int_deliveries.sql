{{ touched_model("orders", indexes=[["source", "order_id"], ["delivered_day"], ["day"], ["goods_day"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
),

reviews as (
    {{ touched_rows(ref("int_answers"), "orders") }}
),

-- An order has one say: its newest review since it was placed.
last_reviews as (
    select
        *,
        row_number() over (
            partition by source, order_id order by answered_at desc, answer_id desc
        ) as nth_newest
    from reviews
    where metric = 'review' and judges_order
)

select
    orders.source,
    orders.order_id,
    orders.customer_key,
    orders.channel,
    orders.promised_day,
    orders.delivered_day,
    -- Delivered, but nobody wrote down when: the promised day stands in.
    coalesce(orders.delivered_day, orders.promised_day) as day,
    coalesce(orders.delivered_day, orders.order_day) as goods_day,
    case
        when orders.promised_at is not null then coalesce(orders.delivered_at > orders.promised_at, false)
    end as is_late,
    last_reviews.score as review_score
from orders
left join last_reviews
    on
        orders.source = last_reviews.source
        and orders.order_id = last_reviews.order_id
        and last_reviews.nth_newest = 1
where
    orders.status = 'delivered'
    and (orders.delivered_day <= {{ business_date() }} or orders.delivered_day is null)
