create table answers as
select
    'review' as metric,
    order_id,
    review_id as answer_id,
    created_at as answered_at,
    cast(created_at at time zone 'Asia/Shanghai' as date) as day,
    score
from (
    select *, row_number() over (partition by review_id, order_id order by _version desc) as nth from raw.reviews
) as r
where nth = 1
union all
select
    metric,
    cast(null as text),
    response_id,
    answered_at,
    cast(answered_at at time zone 'Asia/Shanghai' as date),
    score
from (
    select *, row_number() over (partition by response_id, metric, dimension order by _version desc) as nth
    from raw.survey_responses
) as s
where nth = 1
