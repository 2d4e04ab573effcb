with reviews as (
    {{ newest(source("raw", "reviews"), ["review_id", "order_id"]) }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
    where metric = 'review'
),

english as (
    select * from {{ ref("english_words") }}
),

lists as (
    select
        *,
        case language when 'en' then ' ' || word || ' ' else word end as pattern
    from {{ ref("review_words") }}
),

texts as (
    select
        _source as source,
        review_id,
        order_id,
        {{ local_day("created_at") }} as review_day,
        cast(score as integer) as score,
        {{ review_text("title", "body") }} as said
    from reviews
),

words as (
    select
        *,
        {{ latin_words("said") }} as latin
    from texts
    where review_day <= {{ business_date() }}
),

spoken as (
    select
        *,
        {{ review_language("said", "latin") }} as language
    from words
),

-- Chinese texts hold English words too.
found as (
    select
        spoken.source,
        spoken.review_id,
        spoken.order_id,
        lists.topic,
        lists.sentiment,
        lists.pattern,
        case lists.language when 'en' then {{ occurrences("lists.pattern", "spoken.latin") }}
            else {{ occurrences("lists.pattern", "spoken.said") }}
        end as times
    from spoken
    inner join lists
        on
            lists.language in (spoken.language, case spoken.language when 'zh' then 'en' end)
            and strpos(case lists.language when 'en' then spoken.latin else spoken.said end, lists.pattern) > 0
),

-- What stands within a longer word that was found is that word.
kept as (
    select
        found.source,
        found.review_id,
        found.order_id,
        found.topic,
        found.sentiment * (found.times - coalesce(sum(longer.times), 0)) as balance
    from found
    left join found as longer
        on
            found.source = longer.source
            and found.review_id = longer.review_id
            and found.order_id = longer.order_id
            and found.pattern <> longer.pattern
            and strpos(longer.pattern, found.pattern) > 0
    group by
        found.source, found.review_id, found.order_id, found.topic, found.sentiment, found.pattern, found.times
    having found.times > coalesce(sum(longer.times), 0)
),

topics as (
    select
        source,
        review_id,
        order_id,
        topic,
        sum(balance) as balance
    from kept
    group by source, review_id, order_id, topic
)

select
    spoken.source,
    spoken.review_id,
    spoken.order_id,
    spoken.review_day,
    spoken.score,
    spoken.language,
    coalesce(topics.topic, case when spoken.language in ('zh', 'en') then 'other' else 'score_only' end) as topic,
    case
        when topics.balance > 0 then 'positive'
        when topics.balance < 0 then 'negative'
        else {{ sentiment_of_stars("spoken.score") }}
    end as sentiment
from spoken
left join topics
    on
        spoken.source = topics.source
        and spoken.review_id = topics.review_id
        and spoken.order_id = topics.order_id
cross join rules
