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
    select * from {{ ref("int_orders__priced") }}
),

given as (
    select
        source,
        review_id as answer_id,
        order_id,
        product_id,
        'review' as metric,
        'overall' as dimension,
        cast(null as text) as customer_key,
        review_day as answer_day,
        created_at as answered_at,
        'answered' as state,
        score,
        1 as weight
    from reviews
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
        score,
        weight
    from responses
)

select
    given.source,
    given.answer_id,
    given.order_id,
    given.product_id,
    given.metric,
    given.dimension,
    case when given.metric = 'review' then of_order.customer_key else given.customer_key end as customer_key,
    given.answer_day,
    given.answered_at,
    given.state,
    cast(given.score as integer) as score,
    given.weight,
    -- Nobody can judge an order before it is placed.
    coalesce(given.answer_day >= of_order.order_day, false) as judges_order
from given
left join lateral (
    select
        orders.customer_key,
        orders.order_day
    from orders
    where orders.source = given.source and orders.order_id = given.order_id
    -- A touched answer's order need not be touched: it is looked up by itself.
    {{ "offset 0" if only_touched() }}
) as of_order on true
