{{ config(
    pre_hook="{{ keep_touched_rows() }}",
    post_hook="{{ note_retold_orders('kind, experience, standing') }}"
) }}
{{ touched_model("judged_orders", indexes=[["source", "order_id"], ["settled_week"]]) }}

with deliveries as (
    {{ touched_rows(ref("int_deliveries"), "judged_orders") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

-- The same once more: PostgreSQL makes a table of a CTE that is read twice, and then nothing is looked up.
orders_of_all as (
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

placed as (
    {{ rows_of("orders", "settled", ["source", "order_id"]) }}
),

all_of_customers as (
    {{ rows_of("orders_of_all", "placed", ["customer_key"]) }}
),

began as (
    select
        customer_key,
        min(order_day) as first_day
    from all_of_customers
    where customer_key is not null
    group by customer_key
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
    case when placed.order_day > began.first_day then 'later order, ' else 'first order, ' end
    || coalesce(placed.channel, '(none)') as standing,
    {{ period_start("week", "settled.settled_day") }} as settled_week,
    coalesce(said.is_reviewed and kinds.kind = 'review' or said.is_surveyed and kinds.kind = 'survey', false)
        as is_answered
from settled
inner join placed
    on settled.source = placed.source and settled.order_id = placed.order_id
left join began
    on placed.customer_key = began.customer_key
cross join (values ('survey'), ('review')) as kinds (kind)
left join said
    on settled.source = said.source and settled.order_id = said.order_id
