with topics as (
    select * from {{ ref("stg_review_topics") }}
),

answers as (
    select * from {{ ref("int_answers__weighted") }}
    where metric = 'review'
),

contents as (
    select * from {{ ref("int_orders__contents") }}
)

-- A review that names no product is about each of its order.
select distinct
    topics.source,
    topics.review_id,
    topics.order_id,
    topics.review_day,
    topics.score,
    topics.language,
    topics.topic,
    topics.sentiment,
    coalesce(answers.product_id, contents.product_id, '(none)') as product_id
from topics
inner join answers
    on
        topics.source = answers.source
        and topics.review_id = answers.answer_id
        and topics.order_id = answers.stated_order_id
left join contents
    on
        answers.source = contents.source
        and answers.order_id = contents.order_id
        and answers.product_id is null
