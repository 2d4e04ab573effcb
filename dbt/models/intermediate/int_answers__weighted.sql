{{ touched_model("answer_days", columns=["answer_day"], indexes=[["source", "order_id"], ["answer_day"]]) }}

with answers as (
    {{ touched_rows(ref("int_answers"), "answer_days", ["answer_day"]) }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
),

strata as (
    select * from {{ ref("int_response__strata") }}
),

weights as (
    select * from {{ ref("int_response__weights") }}
),

promotions as (
    select * from {{ ref("promotion_days") }}
),

about_orders as (
    select
        *,
        case metric when 'review' then 'review' else 'survey' end as kind
    from answers
    where judges_order
),

judged_orders as (
    {{ rows_of("orders", "about_orders", ["source", "order_id"]) }}
),

judged_strata as (
    {{ rows_of("strata", "about_orders", ["source", "order_id"]) }}
),

-- Apart, as a join of all answers would put those about no order into one bucket, however many they are.
judged as (
    select
        about_orders.*,
        judged_orders.order_id as judged_order_id,
        judged_orders.channel,
        weights.weight as group_weight
    from about_orders
    inner join judged_orders
        on about_orders.source = judged_orders.source and about_orders.order_id = judged_orders.order_id
    left join judged_strata
        on
            about_orders.source = judged_strata.source
            and about_orders.order_id = judged_strata.order_id
            and about_orders.kind = judged_strata.kind
    left join weights
        on
            about_orders.kind = weights.kind
            and judged_strata.experience = weights.experience
            and judged_strata.standing = weights.standing
            and {{ period_start("week", "about_orders.answer_day") }} = weights.week
    union all
    -- An answer given before its order counts, but as one about no order.
    select
        *,
        null as kind,
        null as judged_order_id,
        null as channel,
        null as group_weight
    from answers
    where not judges_order
)

select
    judged.source,
    judged.answer_id,
    judged.order_id as stated_order_id,
    judged.judged_order_id as order_id,
    judged.product_id,
    judged.metric,
    judged.dimension,
    judged.customer_key,
    judged.answer_day,
    promotions.day is not null as is_promotion,
    judged.state,
    judged.score,
    judged.channel,
    cast(judged.weight * coalesce(judged.group_weight, 1) as numeric(14, 6)) as weight
from judged
left join promotions
    on judged.answer_day = promotions.day
