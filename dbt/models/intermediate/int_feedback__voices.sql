with answers as (
    select * from {{ ref("int_answers") }}
),

scales as (
    select * from {{ ref("satisfaction_rules") }}
),

topics as (
    select * from {{ ref("feedback_topics") }}
),

deliveries as (
    select * from {{ ref("int_deliveries") }}
    where is_late
),

goods_back as (
    select distinct
        source,
        order_id
    from {{ ref("stg_returns") }}
),

reviews as (
    select * from {{ ref("stg_review_topics") }}
),

-- What a review complains of; of several topics the lowest place speaks.
complaints as (
    select distinct on (reviews.source, reviews.review_id, reviews.order_id)
        reviews.source,
        reviews.review_id,
        reviews.order_id,
        reviews.topic
    from reviews
    inner join topics
        on reviews.topic = topics.topic and topics.origin = 'review'
    where reviews.sentiment = 'negative'
    order by reviews.source, reviews.review_id, reviews.order_id, topics.place
),

low_answers as (
    select
        answers.source,
        answers.answer_id as case_id,
        answers.order_id,
        answers.customer_key,
        answers.answer_day as opened_day,
        case when answers.metric = 'review' then 'review' else 'survey' end as origin,
        case when answers.score = scales.score_min then 'worst' else 'low' end as level,
        case
            when answers.dimension <> 'overall' then answers.dimension
            when complaints.topic is not null then complaints.topic
            when deliveries.order_id is not null then 'late'
            when goods_back.order_id is not null then 'goods_back'
            else 'overall'
        end as topic
    from answers
    inner join scales
        on answers.metric = scales.metric
    left join deliveries
        on
            answers.source = deliveries.source
            and answers.order_id = deliveries.order_id
            and answers.judges_order
    left join complaints
        on
            answers.metric = 'review'
            and answers.source = complaints.source
            and answers.answer_id = complaints.review_id
            and answers.order_id = complaints.order_id
    left join goods_back
        on
            answers.source = goods_back.source
            and answers.order_id = goods_back.order_id
            and answers.judges_order
    where answers.score between scales.score_min and scales.negative_to
),

-- A survey or review is one case, whatever it says of how much.
numbered as (
    select
        low_answers.*,
        coalesce(topics.class, 'unclassified') as class,
        row_number() over (
            partition by low_answers.source, low_answers.origin, low_answers.case_id
            order by topics.place asc, low_answers.level desc, low_answers.order_id asc
        ) as nth,
        max(low_answers.level) over (
            partition by low_answers.source, low_answers.origin, low_answers.case_id
        ) as worst_level
    from low_answers
    left join topics
        on low_answers.origin = topics.origin and low_answers.topic = topics.topic
)

select
    source,
    origin,
    case_id,
    order_id,
    customer_key,
    class,
    worst_level as level,
    opened_day
from numbered
where nth = 1
