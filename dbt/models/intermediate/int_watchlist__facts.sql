with lines as {{ inlined() }} (
    select * from {{ ref("int_watchlist__lines") }}
),

reviews as (
    select * from {{ ref("int_answers") }}
    where metric = 'review' and judges_order
),

scales as (
    select * from {{ ref("satisfaction_rules") }}
    where metric = 'review'
),

returns as (
    select * from {{ ref("stg_returns") }}
    where status <> 'rejected'
),

goods_reasons as (
    select * from {{ ref("watchlist_returns") }}
),

tickets as (
    select * from {{ ref("stg_tickets") }}
    where kind = 'complaint' and class = 'product'
),

-- A review that names no product is about the order's only one; of several nobody can tell.
low_scores as (
    select
        lines.source,
        lines.product_id,
        lines.seller_id,
        lines.category,
        count(*) as n,
        sum(
            cast(scales.score_max - reviews.score as numeric) / (scales.score_max - scales.score_min)
        ) as low_score
    from reviews
    inner join lines
        on reviews.source = lines.source and reviews.order_id = lines.order_id
    cross join scales
    where coalesce(reviews.product_id = lines.product_id, lines.order_lines = 1)
    group by lines.source, lines.product_id, lines.seller_id, lines.category
),

back as (
    select distinct
        returns.source,
        returns.order_id,
        returns.line_no
    from returns
    inner join goods_reasons
        on returns.reason = goods_reasons.reason
),

complained as (
    select distinct
        source,
        order_id
    from tickets
),

sold as (
    select
        lines.source,
        lines.product_id,
        lines.seller_id,
        lines.category,
        count(*) as n,
        count(back.order_id) as returned,
        count(complained.order_id) as complaint
    from lines
    left join back
        on lines.source = back.source and lines.order_id = back.order_id and lines.line_no = back.line_no
    left join complained
        on lines.source = complained.source and lines.order_id = complained.order_id
    group by lines.source, lines.product_id, lines.seller_id, lines.category
)

select
    'low_score' as reason,
    source,
    product_id,
    seller_id,
    category,
    cast(n as integer) as n,
    cast(low_score as numeric(18, 6)) as bad
from low_scores
union all
select
    reasons.reason,
    sold.source,
    sold.product_id,
    sold.seller_id,
    sold.category,
    cast(sold.n as integer) as n,
    cast(
        case reasons.reason when 'returned' then sold.returned else sold.complaint end as numeric(18, 6)
    ) as bad
from sold
cross join (values ('returned'), ('complaint')) as reasons (reason)
