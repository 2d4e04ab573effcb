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
    {{ touched_rows(ref("int_satisfaction__tiers"), "tier_days") }}
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
        cells.breakdown,
        cells.subject
    from answers
    inner join ordered
        on
            answers.source = ordered.source
            and answers.order_id = ordered.order_id
            and (answers.product_id is null or answers.product_id = ordered.product_id)
    cross join
        lateral (
            values
            ('product', ordered.product_id, ordered.is_first_of_product),
            (
                'category',
                ordered.category,
                case
                    when answers.product_id is null then ordered.is_first_of_category
                    else ordered.is_first_of_product
                end
            ),
            ('seller', ordered.seller_id, ordered.is_first_of_seller or answers.product_id is not null)
        ) as cells (breakdown, subject, counts)
    where cells.counts
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
