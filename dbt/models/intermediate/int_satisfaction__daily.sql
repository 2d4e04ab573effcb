{{ touched_model("opinions", indexes=[["breakdown", "day"]]) }}

with weighted as (
    {{ touched_rows(ref("int_answers__weighted"), "answer_days", ["answer_day"]) }}
),

answers as (
    select
        *,
        case when order_id is not null then coalesce(channel, '(none)') end as by_channel,
        {{ weighed_scores() }}
    from weighted
    where state <> 'off_scale'
),

tiers as (
    select * from {{ ref("int_satisfaction__tiers") }}
),

contents as (
    select * from {{ ref("int_orders__contents") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

ordered as (
    {{ rows_of("contents", "answers", ["source", "order_id"]) }}
),

parts as (
    select distinct
        ordered.source,
        ordered.order_id,
        ordered.product_id,
        kinds.breakdown,
        case kinds.breakdown
            when 'product' then ordered.product_id
            when 'category' then ordered.category
            else ordered.seller_id
        end as subject
    from ordered
    inner join answers
        on ordered.source = answers.source and ordered.order_id = answers.order_id
    cross join (values ('product'), ('category'), ('seller')) as kinds (breakdown)
),

parts_of_orders as (
    select distinct
        source,
        order_id,
        breakdown,
        subject
    from parts
),

labelled as (
    select
        answers.*,
        cells.breakdown,
        cells.subject
    from answers
    cross join lateral (values ('all', 'all'), ('channel', answers.by_channel)) as cells (breakdown, subject)
    where cells.subject is not null
    union all
    -- An answer on an order of several products counts once for each; a review that names one is of that one.
    select
        answers.*,
        parts_of_orders.breakdown,
        parts_of_orders.subject
    from answers
    inner join parts_of_orders
        on answers.source = parts_of_orders.source and answers.order_id = parts_of_orders.order_id
    where answers.product_id is null
    union all
    select
        answers.*,
        parts.breakdown,
        parts.subject
    from answers
    inner join parts
        on
            answers.source = parts.source
            and answers.order_id = parts.order_id
            and answers.product_id = parts.product_id
)

select
    labelled.answer_day as day,
    labelled.metric,
    labelled.dimension,
    labelled.breakdown,
    labelled.subject,
    bool_or(labelled.is_promotion) as is_promotion,
    {{ counted_satisfaction() }}
from labelled
inner join rules
    on labelled.metric = rules.metric
group by labelled.answer_day, labelled.metric, labelled.dimension, labelled.breakdown, labelled.subject
union all
select
    day,
    metric,
    dimension,
    breakdown,
    subject,
    is_promotion,
    {{ satisfaction_sums() | join(",\n    ") }}
from tiers
