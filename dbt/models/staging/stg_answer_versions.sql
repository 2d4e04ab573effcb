with reviews as (
    {{ versions(source("raw", "reviews"), ["review_id", "order_id"]) }}
),

responses as (
    {{ versions(source("raw", "survey_responses"), ["response_id", "metric", "dimension"]) }}
)

select
    'reviews' as feed,
    _source as source,
    review_id as answer_id,
    order_id as part,
    _version as version,
    'review' as metric,
    'overall' as dimension,
    cast(null as text) as form,
    {{ local_day("created_at") }} as answer_day,
    score,
    is_newest
from reviews
union all
select
    'survey_responses' as feed,
    _source as source,
    response_id as answer_id,
    metric || ' ' || dimension as part,
    _version as version,
    metric,
    dimension,
    form,
    {{ local_day("answered_at") }} as answer_day,
    score,
    is_newest
from responses
