{{ touched_model("voiced_answers", columns=["source", "case_id"], indexes=[["source", "case_id"]]) }}

with answers as (
    {{ touched_rows(ref("int_answers"), "voiced_answers") }}
),

scales as (
    select * from {{ ref("satisfaction_rules") }}
),

topics as (
    select * from {{ ref("feedback_topics") }}
),

deliveries as (
    select * from {{ ref("int_deliveries") }}
),

returns as (
    select * from {{ ref("stg_returns") }}
),

reviews as (
    {{ touched_rows(ref("stg_review_topics"), "voiced_answers", ["source", "review_id"]) }}
),

low_answers as (
    select
        answers.*,
        case when answers.metric = 'review' then 'review' else 'survey' end as origin,
        case when answers.score = scales.score_min then 'worst' else 'low' end as level
    from answers
    inner join scales
        on answers.metric = scales.metric
    where answers.score between scales.score_min and scales.negative_to
),

brought as (
    {{ rows_of("deliveries", "low_answers", ["source", "order_id"]) }}
),

sent_back as (
    {{ rows_of("returns", "low_answers", ["source", "order_id"]) }}
),

goods_back as (
    select distinct
        source,
        order_id
    from sent_back
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

about as (
    select
        low_answers.*,
        case
            when low_answers.dimension <> 'overall' then low_answers.dimension
            when complaints.topic is not null then complaints.topic
            when low_answers.judges_order and brought.is_late then 'late'
            when low_answers.judges_order and goods_back.order_id is not null then 'goods_back'
            else 'overall'
        end as topic
    from low_answers
    left join brought
        on low_answers.source = brought.source and low_answers.order_id = brought.order_id
    left join complaints
        on
            low_answers.metric = 'review'
            and low_answers.source = complaints.source
            and low_answers.answer_id = complaints.review_id
            and low_answers.order_id = complaints.order_id
    left join goods_back
        on low_answers.source = goods_back.source and low_answers.order_id = goods_back.order_id
)

-- A survey or review is one case, whatever it says of how much.
select distinct on (about.source, about.origin, about.answer_id)
    about.source,
    about.origin,
    about.answer_id as case_id,
    about.order_id,
    about.customer_key,
    coalesce(topics.class, 'unclassified') as class,
    max(about.level) over (partition by about.source, about.origin, about.answer_id) as level,
    about.answer_day as opened_day
from about
left join topics
    on about.origin = topics.origin and about.topic = topics.topic
order by
    about.source asc, about.origin asc, about.answer_id asc, topics.place asc, about.level desc,
    about.order_id asc, about.answer_day asc, about.customer_key asc
