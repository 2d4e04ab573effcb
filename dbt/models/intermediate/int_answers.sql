{{ config(
    pre_hook="{{ keep_touched_rows() }}",
    post_hook="{{ note_turned('answer_days', 'answer_day', '*') }}"
) }}
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
),

-- A touched answer's order need not be touched.
judged_orders as (
    {{ rows_of("orders", "given", ["source", "order_id"]) }}
)

select
    given.source,
    given.answer_id,
    given.order_id,
    given.product_id,
    given.metric,
    given.dimension,
    case
        when given.metric = 'review' then judged_orders.customer_key
        else given.customer_key
    end as customer_key,
    given.answer_day,
    given.answered_at,
    given.state,
    cast(given.score as integer) as score,
    given.weight,
    -- Nobody can judge an order before it is placed.
    coalesce(given.answer_day >= judged_orders.order_day, false) as judges_order
from given
left join judged_orders
    on given.source = judged_orders.source and given.order_id = judged_orders.order_id
