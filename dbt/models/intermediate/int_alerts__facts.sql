with orders as {{ inlined() }} (
    select * from {{ ref("int_orders__priced") }}
),

lines as {{ inlined() }} (
    select * from {{ ref("int_order_lines__priced") }}
),

returns as (
    select * from {{ ref("stg_returns") }}
),

due as (
    select * from {{ ref("int_orders__due") }}
),

tickets as (
    select * from {{ ref("stg_tickets") }}
),

answers as (
    select * from {{ ref("int_answers") }}
    where metric = 'review' and answer_day >= {{ alerts_from() }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

feeds as (
    select * from {{ ref("stg_feed_nights") }}
),

categories as (
    select
        lines.source,
        lines.order_id,
        min(lines.category) as category
    from lines
    inner join answers
        on lines.source = answers.source and lines.order_id = answers.order_id
    group by lines.source, lines.order_id
),

facts as (
    select {{ fact("orders", "channel", "coalesce(channel, 'unstated')", "order_day", 1, 0) }}
    from orders
    where is_sale and order_day >= {{ alerts_from() }}
    union all
    select {{ fact("sales", "category", "category", "order_day", "sold_base", 0) }}
    from lines
    where sold_base is not null and order_day >= {{ alerts_from() }}
    union all
    select {{ fact("returns", "category", "lines.category", "returns.requested_day", 1, 0) }}
    from returns
    inner join lines
        on
            returns.source = lines.source
            and returns.order_id = lines.order_id
            and returns.line_no = lines.line_no
    where returns.requested_day >= {{ alerts_from() }}
    union all
    select {{ fact("returns", "category", "lines.category", "orders.delivered_day", 0, 1) }}
    from lines
    inner join orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    where orders.delivered_day between {{ alerts_from() }} and {{ business_date() }}
    union all
    select {{ fact("lateness", "carrier", "carrier", "promised_day", "is_late", 1) }}
    from due
    where promised_day >= {{ alerts_from() }}
    union all
    select {{ fact("low_scores", "category", "coalesce(categories.category, '(none)')", "answers.answer_day",
        "case when answers.score <= rules.negative_to then 1 else 0 end", 1) }}
    from answers
    inner join rules
        on answers.metric = rules.metric
    left join categories
        on
            answers.source = categories.source
            and answers.order_id = categories.order_id
            and answers.judges_order
    union all
    select {{ fact("complaints", "class", "class", "opened_day", 1, 0) }}
    from tickets
    where kind = 'complaint' and opened_day >= {{ alerts_from() }}
    union all
    select {{ fact("complaints", "all", "'all'", "promised_day", 0, 1) }}
    from orders
    where is_sale and promised_day between {{ alerts_from() }} and {{ business_date() }}
    union all
    select {{ fact("volume", "feed", "feed", "day", "rows_seen", 0) }}
    from feeds
    union all
    select {{ fact("freshness", "feed", "feed", "day", 1, 0) }}
    from feeds
)

select
    signal,
    part,
    part_name,
    day,
    cast(sum(x) as double precision) as x,
    cast(sum(base) as double precision) as base
from facts
group by signal, part, part_name, day
