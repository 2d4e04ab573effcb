{{ touched_model("judged_orders", indexes=[["source", "order_id"], ["settled_week"]]) }}

with deliveries as (
    {{ touched_rows(ref("int_deliveries"), "judged_orders") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

answers as (
    {{ touched_rows(ref("int_answers"), "judged_orders") }}
),

settled as (
    select
        deliveries.source,
        deliveries.order_id,
        case
            when deliveries.is_late then 'late'
            when deliveries.is_late is null then 'no promise'
            else 'on time'
        end as punctuality,
        {{ days_after("deliveries.day", setting("satisfaction_settings", "answer_days")) }} as settled_day
    from deliveries
),

-- Whoever answers later changes nothing of what was known by then.
answered as (
    select
        settled.source,
        settled.order_id,
        answers.metric = 'review' as is_review,
        answers.score,
        row_number() over (
            partition by settled.source, settled.order_id, answers.metric = 'review'
            order by answers.answered_at desc, answers.answer_id desc
        ) as nth_newest
    from settled
    inner join answers
        on settled.source = answers.source and settled.order_id = answers.order_id
    where answers.score is not null and answers.judges_order and answers.answer_day <= settled.settled_day
),

said as (
    select
        source,
        order_id,
        max(case when is_review then score end) as stars,
        bool_or(is_review) as is_reviewed,
        bool_or(not is_review) as is_surveyed
    from answered
    where nth_newest = 1
    group by source, order_id
)

-- Reviews cannot be weighted by what they say themselves.
select
    settled.source,
    settled.order_id,
    kinds.kind,
    settled.punctuality,
    case kinds.kind
        when 'review' then settled.punctuality
        else settled.punctuality || ', ' || coalesce('review of ' || said.stars, 'no review')
    end as experience,
    coalesce(orders.channel, '(none)') as channel,
    {{ period_start("week", "settled.settled_day") }} as settled_week,
    coalesce(said.is_reviewed and kinds.kind = 'review' or said.is_surveyed and kinds.kind = 'survey', false)
        as is_answered
from settled
inner join orders
    on settled.source = orders.source and settled.order_id = orders.order_id
cross join (values ('survey'), ('review')) as kinds (kind)
left join said
    on settled.source = said.source and settled.order_id = said.order_id
