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
reviewed as (
    select
        lines.*,
        reviews.score
    from reviews
    inner join lines
        on reviews.source = lines.source and reviews.order_id = lines.order_id
    where coalesce(reviews.product_id = lines.product_id, lines.order_lines = 1)
),

facts as (
    select
        'low_score' as reason,
        reviewed.source,
        reviewed.product_id,
        reviewed.seller_id,
        reviewed.category,
        cast(scales.score_max - reviewed.score as double precision)
        / (scales.score_max - scales.score_min) as bad
    from reviewed
    cross join scales
    union all
    select
        'returned' as reason,
        source,
        product_id,
        seller_id,
        category,
        cast(cast(is_returned as integer) as double precision) as bad
    from lines
    union all
    select
        'complaint' as reason,
        source,
        product_id,
        seller_id,
        category,
        cast(cast(is_complained as integer) as double precision) as bad
    from lines
)

select
    reason,
    source,
    product_id,
    seller_id,
    category,
    cast(count(*) as integer) as n,
    sum(bad) as bad
from facts
group by reason, source, product_id, seller_id, category
