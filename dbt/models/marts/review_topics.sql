{{ touched_model("review_weeks") }}

with reviews as (
    {{ touched_rows(ref("int_reviews__topics"), "review_weeks", ["review_week"]) }}
)

select
    review_week as first_day,
    product_id,
    language,
    topic,
    case topic when 'score_only' then 'score' else 'text' end as basis,
    cast(count(*) as integer) as reviews,
    cast(count(*) filter (where sentiment = 'negative') as integer) as negative,
    cast(count(*) filter (where sentiment = 'neutral') as integer) as neutral,
    cast(count(*) filter (where sentiment = 'positive') as integer) as positive,
    cast(sum(score) as integer) as score_sum
from reviews
group by review_week, product_id, language, topic
