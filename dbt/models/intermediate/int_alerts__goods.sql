{{ touched_model("fact_days", indexes=[["day"]]) }}

with sold as (
    {{ touched_rows(ref("int_order_lines__priced"), "fact_days", ["order_day"]) }}
),

asked_back as (
    {{ touched_rows(ref("stg_returns"), "fact_days", ["requested_day"]) }}
),

lines_back as (
    {{ rows_of(ref("int_order_lines__priced"), "asked_back", ["source", "order_id"]) }}
),

delivered as (
    {{ touched_rows(ref("int_orders__priced"), "fact_days", ["delivered_day"]) }}
),

lines_delivered as (
    {{ rows_of(ref("int_order_lines__priced"), "delivered", ["source", "order_id"]) }}
),

reviews as (
    select *
    from ({{ touched_rows(ref("int_answers"), "fact_days", ["answer_day"]) }}) as answers
    where metric = 'review'
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

categories as (
    select
        source,
        order_id,
        min(category) as category
    from ({{ rows_of(ref("int_order_lines__priced"), "reviews", ["source", "order_id"]) }}) as lines_judged
    group by source, order_id
),

facts as (
    select {{ fact("sales", "category", "category", "order_day", "sold_base", 0) }}
    from sold
    where sold_base is not null
    group by part_name, day
    union all
    select {{ fact("returns", "category", "lines_back.category", "asked_back.requested_day", 1, 0) }}
    from asked_back
    inner join lines_back
        on
            asked_back.source = lines_back.source
            and asked_back.order_id = lines_back.order_id
            and asked_back.line_no = lines_back.line_no
    group by part_name, day
    union all
    select {{ fact("returns", "category", "lines_delivered.category", "delivered.delivered_day", 0, 1) }}
    from delivered
    inner join lines_delivered
        on delivered.source = lines_delivered.source and delivered.order_id = lines_delivered.order_id
    where delivered.delivered_day <= {{ business_date() }}
    group by part_name, day
    union all
    select {{ fact("low_scores", "category", "coalesce(categories.category, '(none)')", "reviews.answer_day",
        "case when reviews.score <= rules.negative_to then 1 else 0 end", 1) }}
    from reviews
    inner join rules
        on reviews.metric = rules.metric
    left join categories
        on
            reviews.source = categories.source
            and reviews.order_id = categories.order_id
            and reviews.judges_order
    group by part_name, day
)

select
    signal,
    part,
    part_name,
    day,
    sum(x) as x,
    sum(base) as base
from facts
group by signal, part, part_name, day
