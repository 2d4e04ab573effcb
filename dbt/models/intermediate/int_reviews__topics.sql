{{ touched_model(
    "answers", columns=["source", "review_id"], indexes=[["source", "review_id"], ["review_week"]]
) }}

with topics as (
    {{ touched_rows(ref("stg_review_topics"), "answers", ["source", "review_id"]) }}
),

answers as (
    {{ touched_rows(ref("int_answers"), "answers") }}
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

reviewed as (
    {{ rows_of("contents", "topics", ["source", "order_id"]) }}
)

-- A review that names no product is about each of its order, if it was placed by then.
select distinct
    topics.source,
    topics.review_id,
    topics.order_id,
    {{ period_start("week", "topics.review_day") }} as review_week,
    topics.score,
    topics.language,
    topics.topic,
    topics.sentiment,
    coalesce(answers.product_id, reviewed.product_id, '(none)') as product_id
from topics
inner join answers
    on
        topics.source = answers.source
        and topics.review_id = answers.answer_id
        and topics.order_id = answers.order_id
left join reviewed
    on
        answers.source = reviewed.source
        and answers.order_id = reviewed.order_id
        and answers.judges_order
        and answers.product_id is null
where answers.metric = 'review'
