{{ touched_model("answers", columns=["source", "review_id"], indexes=[["source", "review_id"]]) }}

with reviews as (
    {{ newest(source("raw", "reviews"), ["review_id", "order_id"], "answers") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
    where metric = 'review'
),

english as (
    select * from {{ ref("english_words") }}
),

settings as (
    select
        cast({{ setting("review_settings", "max_characters") }} as integer) as max_characters,
        {{ setting("review_settings", "min_english_share") }} as min_english_share
),

lists as (
    select
        *,
        case language when 'en' then ' ' || word || ' ' else word end as pattern
    from {{ ref("review_words") }}
),

-- A key of its own names the review within this model.
texts as (
    select
        array[reviews._source, reviews.review_id, reviews.order_id] as review,
        {{ local_day("reviews.created_at") }} as review_day,
        cast(reviews.score as integer) as score,
        {{ review_text("reviews.title", "reviews.body") }} as said,
        {{ latin_words(review_text("reviews.title", "reviews.body")) }} as latin
    from reviews
    cross join settings
),

spoken as (
    select
        *,
        {{ review_language("said", "latin") }} as language
    from texts
    where review_day <= {{ business_date() }}
),

-- Chinese texts hold English words too.
found as (
    select
        spoken.review,
        lists.topic,
        lists.sentiment,
        lists.pattern,
        case lists.language
            when 'en' then {{ occurrences("lists.pattern", "spoken.latin") }}
            else {{ occurrences("lists.pattern", "spoken.said") }}
        end as times
    from spoken
    inner join lists
        on
            lists.language in (spoken.language, case spoken.language when 'zh' then 'en' end)
            and strpos(
                case lists.language when 'en' then spoken.latin else spoken.said end, lists.pattern
            ) > 0
),

-- What stands within a longer word that was found is that word.
kept as (
    select
        found.review,
        found.topic,
        found.sentiment * (found.times - coalesce(sum(longer.times), 0)) as balance
    from found
    left join found as longer
        on
            found.review = longer.review
            and found.pattern <> longer.pattern
            and strpos(longer.pattern, found.pattern) > 0
    group by found.review, found.topic, found.sentiment, found.pattern, found.times
    having found.times > coalesce(sum(longer.times), 0)
),

topics as (
    select
        review,
        topic,
        sum(balance) as balance
    from kept
    group by review, topic
)

select
    spoken.review[1] as source,
    spoken.review[2] as review_id,
    spoken.review[3] as order_id,
    spoken.review_day,
    spoken.score,
    spoken.language,
    coalesce(topics.topic, case when spoken.language in ('zh', 'en') then 'other' end, 'score_only') as topic,
    case
        when topics.balance > 0 then 'positive'
        when topics.balance < 0 then 'negative'
        else {{ sentiment_of_stars("spoken.score") }}
    end as sentiment
from spoken
left join topics
    on spoken.review = topics.review
cross join rules
