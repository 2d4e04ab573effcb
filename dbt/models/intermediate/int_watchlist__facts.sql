with lines as (
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

-- A review that names no product is about the order's only one; of several nobody can tell.
low_scores as (
    select
        lines.source,
        lines.product_id,
        lines.seller_id,
        lines.category,
        count(*) as n,
        sum(
            cast(scales.score_max - reviews.score as double precision) / (scales.score_max - scales.score_min)
        ) as low_score
    from reviews
    inner join lines
        on reviews.source = lines.source and reviews.order_id = lines.order_id
    cross join scales
    where coalesce(reviews.product_id = lines.product_id, lines.order_lines = 1)
    group by lines.source, lines.product_id, lines.seller_id, lines.category
),

sold as (
    select
        source,
        product_id,
        seller_id,
        category,
        count(*) as n,
        count(*) filter (where is_returned) as returned,
        count(*) filter (where is_complained) as complaint
    from lines
    group by source, product_id, seller_id, category
),

facts as (
    select
        'low_score' as reason,
        source,
        product_id,
        seller_id,
        category,
        n,
        low_score as bad
    from low_scores
    union all
    select
        reasons.reason,
        sold.source,
        sold.product_id,
        sold.seller_id,
        sold.category,
        sold.n,
        case reasons.reason when 'returned' then sold.returned else sold.complaint end as bad
    from sold
    cross join (values ('returned'), ('complaint')) as reasons (reason)
)

select
    reason,
    source,
    product_id,
    seller_id,
    category,
    cast(n as integer) as n,
    cast(bad as double precision) as bad
from facts
