with orders as (
    select * from {{ ref("int_orders__priced") }}
    where
        status = 'delivered'
        and (delivered_day <= {{ business_date() }} or delivered_day is null)
),

reviews as (
    select * from {{ ref("int_answers") }}
    where metric = 'review'
),

-- An order has one say: its newest review.
last_reviews as (
    select
        *,
        row_number() over (
            partition by source, order_id order by answered_at desc, answer_id desc
        ) as nth_newest
    from reviews
)

select
    orders.source,
    orders.order_id,
    orders.customer_key,
    orders.promised_day,
    orders.delivered_day,
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
