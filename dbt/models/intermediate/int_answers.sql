{{ touched_model(
    "answers", indexes=[["source", "answer_id"], ["source", "order_id"], ["customer_key"], ["answer_day"]]
) }}

with reviews as (
    {{ touched_rows(ref("stg_reviews"), "answers", ["source", "review_id"]) }}
),

responses as (
    {{ touched_rows(ref("stg_survey_responses"), "answers", ["source", "response_id"]) }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
)

select
    reviews.source,
    reviews.review_id as answer_id,
    reviews.order_id,
    reviews.product_id,
    'review' as metric,
    'overall' as dimension,
    orders.customer_key,
    reviews.review_day as answer_day,
    reviews.created_at as answered_at,
    'answered' as state,
    cast(reviews.score as integer) as score,
    1 as weight
from reviews
left join orders
    on reviews.source = orders.source and reviews.order_id = orders.order_id
union all
select
    source,
    response_id as answer_id,
    order_id,
    cast(null as text) as product_id,
    metric,
    dimension,
    customer_key,
    answer_day,
    answered_at,
    state,
    cast(score as integer) as score,
    weight
from responses
