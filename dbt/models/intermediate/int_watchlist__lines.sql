{{ touched_model("goods_orders", indexes=[["source", "order_id"], ["month"]]) }}

with lines as (
    {{ touched_rows(ref("int_order_lines__priced"), "goods_orders") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "goods_orders") }}
),

answers as (
    {{ touched_rows(ref("int_answers"), "goods_orders") }}
),

scales as (
    select * from {{ ref("satisfaction_rules") }}
),

returns as (
    {{ touched_rows(ref("stg_returns"), "goods_orders") }}
),

goods_reasons as (
    select * from {{ ref("watchlist_returns") }}
),

tickets as (
    {{ touched_rows(ref("stg_tickets"), "goods_orders") }}
),

sold as (
    select
        lines.source,
        lines.order_id,
        lines.line_no,
        {{ period_start("month", "orders.order_day") }} as month,
        lines.product_id,
        coalesce(lines.seller_id, 'unstated') as seller_id,
        lines.category,
        count(*) over (partition by lines.source, lines.order_id) as order_lines
    from lines
    inner join orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    where orders.status = 'delivered'
),

-- A review that names no product is about the order's only one; of several nobody can tell.
judged as (
    select
        sold.source,
        sold.order_id,
        sold.line_no,
        count(*) as reviews,
        sum(
            cast(scales.score_max - answers.score as numeric) / (scales.score_max - scales.score_min)
        ) as low_score
    from sold
    inner join answers
        on sold.source = answers.source and sold.order_id = answers.order_id
    inner join scales
        on answers.metric = scales.metric
    where
        answers.metric = 'review'
        and answers.judges_order
        and coalesce(answers.product_id = sold.product_id, sold.order_lines = 1)
    group by sold.source, sold.order_id, sold.line_no
),

back as (
    select distinct
        returns.source,
        returns.order_id,
        returns.line_no
    from returns
    inner join goods_reasons
        on returns.reason = goods_reasons.reason
    where returns.status <> 'rejected'
),

complained as (
    select distinct
        source,
        order_id
    from tickets
    where kind = 'complaint' and class = 'product'
)

select
    sold.source,
    sold.order_id,
    sold.line_no,
    sold.month,
    sold.product_id,
    sold.seller_id,
    sold.category,
    cast(coalesce(judged.reviews, 0) as integer) as reviews,
    coalesce(judged.low_score, 0) as low_score,
    back.order_id is not null as is_returned,
    complained.order_id is not null as is_complained_of
from sold
left join judged
    on sold.source = judged.source and sold.order_id = judged.order_id and sold.line_no = judged.line_no
left join back
    on sold.source = back.source and sold.order_id = back.order_id and sold.line_no = back.line_no
left join complained
    on sold.source = complained.source and sold.order_id = complained.order_id
